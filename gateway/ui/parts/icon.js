// The few signs that the page draws, as paths on a grid of 24.

import { html } from "../vendor/preact.js";

const PATHS = {
  phones: "M8 2h8a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM11 18h2",
  flow: "M4 6h12m0 0-3-3m3 3-3 3M20 18H8m0 0 3-3m-3 3 3 3",
  identify: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 11-7.4M16 19l2 2 4-4",
  accounts: "M4 5h16v6H4zM4 14h16v6H4zM8 8h.01M8 17h.01",
  faults: "M13 2 4 14h7l-1 8 9-12h-7z",
  load: "M3 20h18M5 16l4-6 4 3 6-8",
  journal: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2 5 5",
  pause: "M8 5v14M16 5v14",
  play: "M7 4v16l13-8z",
  next: "M5 5l9 7-9 7zM18 5v14",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.5 1.5m11 11L19 19M19 5l-1.5 1.5m-11 11L5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  help: "M9.2 9a3 3 0 1 1 4 2.8c-.8.4-1.2 1-1.2 2.2M12 18h.01",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zm10 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  back: "M15 5l-7 7 7 7",
  call: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  send: "M3 12l18-8-7 17-3-7z",
  bin: "M5 7h14M10 7V4h4v3m-7 0 1 13h8l1-13",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
