// One story as arrows between the parties, oldest first.

import { html } from "../vendor/preact.js";
import { go } from "../route.js";
import { phone, plural, timeWithMillis } from "../format.js";
import { laneName, lanesOf, numberOf, stepOf } from "../steps.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { Pdu } from "../parts/pdu.js";
import { useRead } from "./use_read.js";

export function Sequence({ story, live }) {
  const steps = story.events.map(stepOf).filter(Boolean);
  const lanes = lanesOf(steps);
  const ids = [...story.keys].filter((key) => key.startsWith("m:")).map((key) => key.slice(2));
  // A PDU that brings a handset's text names its sender, and no message_id.
  const about = story.mobile ? `number=${encodeURIComponent(numberOf(story))}&limit=10` : `message_id=${encodeURIComponent(ids.at(-1))}`;
  const path = ids.length ? `/lab/pdus?${about}` : "";
  const pdus = useRead(path, [story.events.length])?.pdus ?? [];
  return html`<article class="sequence">
    <header>
      <button class="back" onClick=${() => go("flow")} aria-label="All flows"><${Icon} name="back" /></button>
      <h2>${story.title} <span class="number">${phone(numberOf(story))}</span></h2>
      ${story.state && html`<${Badge} state=${story.state} />`}
      <span class="quiet">${live ? "the newest, live" : story.id.replace("m:", "message ")}</span>
    </header>
    <div class="chart" style=${{ "--lanes": lanes.length }} role="list" aria-label="Steps">
      <div class="lanes" aria-hidden="true">${lanes.map((lane) => html`<span key=${lane}>${laneName(lane)}</span>`)}</div>
      ${steps.map((step) => html`<${Step} key=${step.event.seq} step=${step} lanes=${lanes} />`)}
    </div>
    ${pdus.length > 0 && html`<section aria-label="PDUs">
      <h3>${plural(pdus.length, "PDU")} over SMPP</h3>
      ${pdus.map((pdu) => html`<${Pdu} key=${pdu.number} pdu=${pdu} />`)}
    </section>`}
    ${ids.length > 0 && !pdus.length && html`<p class="quiet">Its PDUs went by before a page was open, or are too long ago: the last thousand are kept while one is.</p>`}
  </article>`;
}

function Step({ step, lanes }) {
  const [from, to] = [lanes.indexOf(step.from), lanes.indexOf(step.to)];
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const kind = from === to ? "note" : from < to ? "right" : "left";
  const spoken = from === to ? laneName(step.from) : `${laneName(step.from)} to ${laneName(step.to)}`;
  return html`<div class="step" role="listitem">
    <time class="quiet">${timeWithMillis(step.event.at)}</time>
    <span class="unseen">${spoken}: </span>
    <span class=${`told ${kind}`} style=${{ gridColumn: `${first + 2} / ${last + 3}`, "--span": last - first + 1 }}>
      <span>${step.label}</span>
    </span>
  </div>`;
}
