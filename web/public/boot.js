// Runs before the first paint, so that a chosen theme or density never flashes the other one.
try {
  for (const name of ["theme", "density", "side"]) {
    const value = new URLSearchParams(location.search).get(name) || localStorage.getItem("volano." + name);
    if (value) document.documentElement.dataset[name] = value;
  }
} catch {
  // Storage may be forbidden; the system's setting holds then.
}
