// Dark or light: as the system has it, until somebody chooses.

import { set, state } from "./store.js";

const system = matchMedia("(prefers-color-scheme: dark)");

export function beginTheme() {
  system.addEventListener("change", show);
  show();
}

export function turnTheme() {
  localStorage.setItem("theme", state.theme === "dark" ? "light" : "dark");
  show();
}

function show() {
  const theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  set({ theme });
}
