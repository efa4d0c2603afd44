// A state in a word, with a colour that only repeats what the word says.

import { html } from "../vendor/preact.js";
import { words } from "../format.js";

const TONES = {
  good: ["confirmed", "IDENTIFIED", "delivered", "on", "answered", "roaming"],
  bad: ["failed", "REFUSED", "expired", "barred", "unknown", "ported_out", "rejected"],
  busy: ["pending", "PENDING", "CONFIRMING", "ROUTING", "REGISTERING", "NEW", "accepted", "waits", "ringing", "started"],
};
const TONE = Object.fromEntries(Object.entries(TONES).flatMap(([tone, states]) => states.map((state) => [state, tone])));

export const Badge = ({ state }) => html`<span class=${`badge ${TONE[state] ?? "calm"}`}>${words(state)}</span>`;
