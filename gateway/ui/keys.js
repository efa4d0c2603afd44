// The keyboard: one table, listed under `?`. Keys do nothing while somebody types.

import { advance, toggle, toNextDeadline } from "./clock.js";
import { set, state } from "./store.js";
import { go, VIEWS, open } from "./route.js";
import { turnTheme } from "./theme.js";

export const SHORTCUTS = [
  ["1 – 7", "Go to phones, flow, identifications, accounts, faults, load, journal"],
  ["/", "Search"],
  ["n", "Send a code to the open phone"],
  ["j  k", "The next phone or story, the one before"],
  ["p", "Pause the lab clock, or let it run"],
  [".", "Turn the lab clock by the chosen step"],
  ["d", "Turn the lab clock to the next deadline"],
  ["r", "Show or hide codes and texts"],
  ["t", "Dark or light"],
  ["?", "This list"],
  ["Esc", "Leave a field, close this list"],
];

const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  n: () => document.getElementById("send-code")?.click(),
  j: () => open(1),
  k: () => open(-1),
  p: toggle,
  ".": () => advance(document.getElementById("clock-step")?.dataset.step ?? "1m"),
  d: toNextDeadline,
  r: () => set({ reveal: !state.reveal }),
  t: turnTheme,
  "?": () => set({ help: !state.help }),
};

// On a keyboard that is set to another script, a letter is the one that its key has in Latin.
function latin({ key, code }) {
  const letter = key > "~" ? /^Key([A-Z])$/.exec(code)?.[1] : undefined;
  return (letter ?? key).toLowerCase();
}

export function listen() {
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "Escape" && typing) event.target.blur?.();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = latin(event);
    const act = KEYS[key] ?? (VIEWS[Number(key) - 1] && (() => go(VIEWS[Number(key) - 1].name)));
    if (!act) return;
    event.preventDefault();
    act();
  });
}
