// The lab clock: where it stands, and what turns it.

import { html, useState } from "../vendor/preact.js";
import { advance, toggle, toNextDeadline, useNow } from "../clock.js";
import { span } from "../format.js";
import { useStore } from "../store.js";
import { Icon } from "./icon.js";

const STEPS = ["1s", "10s", "1m", "5m", "20m", "1h", "24h"];

export function ClockBar() {
  const { clock } = useStore();
  const now = useNow(250);
  const [step, choose] = useState("1m");
  const told = new Date(now).toISOString();
  return html`<section class="clock" aria-label="Lab clock">
    <span class="clock-face" title=${`Lab clock, UTC: ${told}`}>
      <span class="clock-day">${told.slice(0, 10)}</span>
      <time datetime=${told}>${told.slice(11, 19)}</time>
    </span>
    <button onClick=${toggle} aria-label=${clock.running ? "Pause the lab clock" : "Let the lab clock run"} title="Pause or run (p)">
      <${Icon} name=${clock.running ? "pause" : "play"} />
    </button>
    <select value=${step} onChange=${(event) => choose(event.target.value)} aria-label="Step of the lab clock">
      ${STEPS.map((each) => html`<option key=${each} value=${each} selected=${each === step}>${each}</option>`)}
    </select>
    <button class="text" onClick=${() => advance(step)} title="Turn the clock by a step (.)" data-step=${step} id="clock-step">+${step}</button>
    <button
      class="next"
      onClick=${toNextDeadline}
      disabled=${clock.next === null}
      title="Turn the clock to the next deadline (d)"
    >
      <${Icon} name="next" /><span class="unseen">To the next deadline: </span><span class="wide">${clock.next === null ? "no deadline" : span(clock.next - now)}</span>
    </button>
  </section>`;
}
