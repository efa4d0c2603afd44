// All that happens, newest first.

import { html } from "../vendor/preact.js";
import { useStore } from "../store.js";
import { timeWithMillis } from "../format.js";
import { Nothing } from "../parts/nothing.js";
import { VirtualList } from "../parts/virtual_list.js";

export function Journal() {
  const { events, search, skipped } = useStore();
  const wanted = search.toLowerCase().replace(/^\+/, "");
  const shown = events.filter((event) => !wanted || `${event.type} ${event.subject} ${JSON.stringify(event.data)}`.toLowerCase().includes(wanted)).reverse();
  return html`<div class="page tall">
    <h1>Journal <small>${shown.length} of the latest ${events.length} events${skipped ? `, ${skipped} left out` : ""}</small></h1>
    ${shown.length === 0 && html`<${Nothing} told="Nothing has happened yet." />`}
    <${VirtualList} items=${shown} height=${34} keyOf=${(event) => event.seq} label="Events" row=${(event) => html`<${Line} event=${event} />`} />
  </div>`;
}

function Line({ event }) {
  const told = Object.entries(event.data).filter(([, value]) => typeof value !== "object");
  return html`<div class="event">
    <time class="quiet">${timeWithMillis(event.at)}</time>
    <b>${event.type}</b>
    <code>${event.subject}</code>
    <span class="quiet">${told.map(([name, value]) => `${name} ${value}`).join(" · ")}</span>
  </div>`;
}
