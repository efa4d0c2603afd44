// A handset's call log, and the call that rings.

import { html } from "../vendor/preact.js";
import { ofHandset, post, remove } from "../api.js";
import { attempt, touch, useStore, version } from "../store.js";
import { phone, time, words } from "../format.js";
import { Icon } from "../parts/icon.js";
import { Secret } from "../parts/secret.js";
import { useRead } from "./use_read.js";

export function Calls({ number }) {
  useStore();
  const log = useRead(`${ofHandset(number)}/calls`, [version(number)]);
  const calls = [...(log?.calls ?? [])].reverse().slice(0, 50);
  return html`<ul class="calls" aria-label="Calls">
    ${log && !calls.length && html`<li class="empty">No calls yet.</li>`}
    ${calls.map((call) => html`<${Call} key=${call.id} number=${number} call=${call} />`)}
  </ul>`;
}

function Call({ number, call }) {
  const inward = call.direction === "in";
  const other = inward ? call.from ?? "withheld" : call.to;
  const missed = inward && call.ended_at && !call.answered_at;
  return html`<li class=${`call ${missed ? "missed" : ""}`}>
    <span class="avatar"><${Icon} name="call" /></span>
    <span class="who">
      <span class="number">${inward && call.from ? html`<${Secret} text=${phone(other)} label="caller" />` : phone(other)}</span>
      <span class="quiet">${missed ? "missed" : inward ? "came in" : "called"}${call.outcome ? `, ${words(call.outcome)}` : ""}${call.sip_status ? ` · SIP ${call.sip_status}` : ""}${call.q850_cause ? ` · Q.850 ${call.q850_cause}` : ""}</span>
    </span>
    ${call.ended_at ? html`<time class="quiet">${time(call.started_at)}</time>` : html`<button onClick=${() => hangUp(number, call.id)}>Hang up</button>`}
  </li>`;
}

export function Ringing({ number, call }) {
  const told = useRead(`${ofHandset(number)}/calls/${call}`, [call]);
  return html`<div class="ringing" role="group" aria-label="A call comes in">
    <span class="pulse"><${Icon} name="call" /></span>
    <p><b>Ringing</b><br />${told?.from ? html`<${Secret} text=${phone(told.from)} label="caller" />` : told ? "number withheld" : ""}</p>
    <button class="good" onClick=${() => answer(number, call)}>Answer</button>
    <button class="bad" onClick=${() => hangUp(number, call)}>Reject</button>
  </div>`;
}

async function answer(number, call) {
  await attempt(() => post(`${ofHandset(number)}/calls/${call}/answer`));
  touch(number);
}

async function hangUp(number, call) {
  await attempt(() => remove(`${ofHandset(number)}/calls/${call}`));
  touch(number);
}
