// Identifications: each as a timeline, with the deadlines that run.

import { html, useEffect, useState } from "../vendor/preact.js";
import { ofService, post } from "../api.js";
import { attempt, newest, useStore } from "../store.js";
import { go, list } from "../route.js";
import { phone } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Countdown } from "../parts/countdown.js";
import { Nothing } from "../parts/nothing.js";
import { VirtualList } from "../parts/virtual_list.js";
import { Timeline } from "./timeline.js";

export function Identifications() {
  const { identifications, search, item } = useStore();
  const wanted = search.replace(/\s/g, "").toLowerCase();
  const shown = newest(identifications).filter((one) => !wanted || `${one.phone_number} ${one.user_id} ${one.id} ${one.state}`.toLowerCase().includes(wanted));
  const ids = shown.map((one) => one.id);
  useEffect(() => void list(ids), [ids.join()]);
  const open = identifications.get(item) ?? (item ? undefined : shown[0]);
  return html`<div class=${`split ${item ? "opened" : ""}`}>
    <div class="list">
      <h1>Identifications <small>${shown.length}</small></h1>
      <${Begin} />
      ${shown.length > 0
        ? html`<${VirtualList} items=${shown} height=${58} keyOf=${(one) => one.id} label="Identifications" focus=${item ? ids.indexOf(item) : -1}
        row=${(one) => html`<${Row} one=${one} open=${one === open} />`} />`
        : html`<${Nothing} told="None yet." />`}
    </div>
    <section class="detail" aria-label="Open identification">
      ${open ? html`<${Timeline} key=${open.id} one=${open} />` : html`<p class="empty">${item ? `Of ${item} this page knows nothing: it tells of the latest ones.` : "Choose a number and begin: the user confirms it, then his operator is asked."}</p>`}
    </section>
  </div>`;
}

const Row = ({ one, open }) => html`<button class="row" aria-current=${open ? "true" : undefined} onClick=${() => go("identify", one.id)}>
  <span class="who"><span class="number">${phone(one.phone_number)}</span><span class="quiet">${one.user_id}${one.state === "PENDING" && one.deadline_at && html` · <${Countdown} until=${one.deadline_at} />`}</span></span>
  <${Badge} state=${one.state} />
</button>`;

function Begin() {
  const { facts, handsets } = useStore();
  const [number, choose] = useState(handsets.keys().next().value ?? "");
  if (!facts.services.length || !handsets.size) return null;
  async function begin(event) {
    event.preventDefault();
    const body = { user_id: `user-${Math.random().toString(36).slice(2, 7)}`, phone_number: number };
    const told = await attempt(() => post(`${ofService(facts.services[0].id)}/identifications`, body));
    if (told) go("identify", told.id);
  }
  return html`<form class="starter" onSubmit=${begin}>
    <select value=${number} onChange=${(event) => choose(event.target.value)} aria-label="Number">
      ${[...handsets.keys()].slice(0, 200).map((each) => html`<option key=${each} value=${each}>${phone(each)}</option>`)}
    </select>
    <button class="primary">Identify</button>
  </form>`;
}
