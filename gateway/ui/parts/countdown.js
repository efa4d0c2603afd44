// How long it is until a deadline on the lab clock, with a bar for what has passed of the time since `from`.

import { html } from "../vendor/preact.js";
import { useNow } from "../clock.js";
import { span, time } from "../format.js";

export function Countdown({ until, from, label = "Time left" }) {
  const now = useNow();
  const end = Date.parse(until);
  const left = end - now;
  const begin = from ? Date.parse(from) : null;
  return html`<span class=${`countdown ${left < 30_000 ? "soon" : ""}`} title=${`${time(until)} on the lab clock`}>
    ${begin !== null &&
    html`<progress value=${Math.min(1, Math.max(0, (now - begin) / (end - begin)))} max="1" aria-label=${label}></progress>`}
    <span>${left > 0 ? span(left) : "due"}</span>
  </span>`;
}
