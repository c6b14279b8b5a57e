/** Shapes of points, so that colour is not all that tells groups apart. */

const star = (corners: number, r: number, turn: number) =>
  `${Array.from({ length: corners }, (_, i) => {
    const angle = (i / corners) * 2 * Math.PI + turn;
    return `${i === 0 ? "M" : "L"}${(r * Math.sin(angle)).toFixed(2)} ${(-r * Math.cos(angle)).toFixed(2)}`;
  }).join("")}Z`;

const circle = (r: number) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
const plus = (r: number, w: number) => `M${-w} ${-r}H${w}V${-w}H${r}V${w}H${w}V${r}H${-w}V${w}H${-r}V${-w}H${-w}Z`;
const box = (x: number, y: number) => `M${-x} ${-y}H${x}V${y}H${-x}Z`;

const SHAPES = [circle(4), star(4, 5.6, Math.PI / 4), star(3, 5.8, 0), star(4, 5.2, 0), star(3, 5.8, Math.PI), plus(5, 1.7), star(6, 5, 0), box(2.4, 5.4)];

/** The outline of the shape with this number. */
export const symbol = (index: number): string => SHAPES[index % SHAPES.length] ?? circle(4);
