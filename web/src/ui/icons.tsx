/** Sixteen-pixel line icons, drawn for this page. */
const shapes: Record<string, string> = {
  overview: "M13.6 6.4A6 6 0 1 1 9.6 2.2 M9 .8l1.5 1.6L8.7 3.8 M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
  data: "M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2-2.5 2-5.5 2-5.5-.8-5.5-2Zm0 0v8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2V4 M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2",
  runs: "M2 13.5V2.5 M2 13.5h12 M4.5 10.5l3-4 2.5 2 3.5-5",
  pipelines: "M2 3h4v4H2z M10 9h4v4h-4z M4 7v2.5A1.5 1.5 0 0 0 5.5 11H10 M8.5 9.5 10 11l-1.5 1.5",
  models: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5z M2.5 5 8 8.2 13.5 5 M8 8.2v6",
  deploy: "M8 10V2.5 M5 5.2 8 2.2l3 3 M2.5 9.5v3a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-3",
  monitor: "M1.5 8.5h3l2-5 3 9 2-4h3",
  activity: "M3 3.5h10 M3 8h10 M3 12.5h6",
  settings: "M2 5h7 M12.5 5H14 M2 11h1.5 M7 11h7 M10.8 3.3a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4 M5.2 9.3a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9 M10.3 10.3 13.8 13.8",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6 M8 1v1.5 M8 13.5V15 M1 8h1.5 M13.5 8H15 M3 3l1.1 1.1 M11.9 11.9 13 13 M13 3l-1.1 1.1 M4.1 11.9 3 13",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z",
  help: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8 M6.2 6.2A1.9 1.9 0 1 1 8 8.4v.8 M8 11.4v.1",
  fold: "M2.5 2.5h11v11h-11z M6 2.5v11",
  copy: "M5.5 5.5h8v8h-8z M10.5 5.5v-3h-8v8h3",
  close: "M3.5 3.5l9 9 M12.5 3.5l-9 9",
  chart: "M2 13.5V2.5 M2 13.5h12 M4.5 10.5l3-4 2.5 2 3.5-5",
  table: "M2 3h12v10H2z M2 6.5h12 M6.5 6.5V13",
  undo: "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6 M5.5 3.5 2.5 6.5l3 3",
  edit: "M3 13l.7-3L10.4 3.3a1.3 1.3 0 0 1 1.8 0l.5.5a1.3 1.3 0 0 1 0 1.8L6 12.3z M9.3 4.4l2.3 2.3",
  trash: "M3 4.5h10 M6 4.5V3h4v1.5 M4.5 4.5l.6 8.5h5.8l.6-8.5",
  down: "M8 2.5V10 M5 7.2l3 3 3-3 M2.5 13.5h11",
};

export function Icon({ name, size = 16 }: { name: keyof typeof shapes | string; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={1.4} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={shapes[name] ?? ""} />
    </svg>
  );
}
