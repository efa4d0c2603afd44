// One identification from its start to its end.

import { html } from "../vendor/preact.js";
import { put } from "../api.js";
import { attempt, state, touch, useStore, version } from "../store.js";
import { go } from "../route.js";
import { phone, span, timeWithMillis, words } from "../format.js";
import { stepOf } from "../steps.js";
import { Badge } from "../parts/badge.js";
import { Countdown } from "../parts/countdown.js";
import { Icon } from "../parts/icon.js";
import { Pending } from "./confirmations.js";
import { useRead } from "./use_read.js";

const ANSWERS = { truth: "says the truth", present: "always yes", absent: "always no", silent: "is silent" };

export function Timeline({ one }) {
  const { stories } = useStore();
  const told = useRead(`/lab/journal?subject=${one.id}`, [one.state]);
  const events = (stories.get(one.id)?.events ?? told?.events ?? []).filter((event) => !/^receipt|delivered$/.test(event.type));
  const confirmation = state.confirmations.get(one.confirmation?.id) ?? one.confirmation;
  return html`<article class="timeline">
    <header>
      <button class="back" onClick=${() => go("identify")} aria-label="All identifications"><${Icon} name="back" /></button>
      <h2>${one.user_id} <span class="number">${phone(one.phone_number)}</span></h2>
      <${Badge} state=${one.state} />
      ${one.reason && html`<span>${words(one.reason)}, the doing of the ${one.responsible}</span>`}
    </header>
    <div class="facts">
      <span>Rules <b>${one.profile}</b></span>
      ${one.operator_id && html`<span>Operator <b>${one.operator_id}</b></span>`}
      <a href=${`#/flow/${one.id}`}>Flow</a>
      <a href=${`#/phones/${encodeURIComponent(one.phone_number)}`}>Phone</a>
    </div>
    ${one.state === "PENDING" && one.deadline_at && html`<div class="card deadline">
      <b>The operator has to answer in</b><${Countdown} until=${one.deadline_at} from=${one.updated_at} label="Time of the operator" />
    </div>`}
    ${one.state === "CONFIRMING" && confirmation?.state === "pending" && html`<${Pending} one=${confirmation} />`}
    <ol class="line">${events.map((event, place) => html`<${Moment} key=${event.seq} event=${event} before=${events[place - 1]} />`)}</ol>
    <${Operators} />
  </article>`;
}

function Moment({ event, before }) {
  const step = stepOf(event);
  const waited = before ? Date.parse(event.at) - Date.parse(before.at) : 0;
  return html`${waited >= 1000 && html`<li class="wait">${span(waited)} later</li>`}
  <li class=${event.type.startsWith("identification.") ? "main" : ""}>
    <time class="quiet">${timeWithMillis(event.at)}</time>
    <span>${step ? step.label : words(event.type.replace(".", ": "))}</span>
  </li>`;
}

// How the operators answer, to be changed here since it decides what comes next.
function Operators() {
  const told = useRead("/lab/operators", [version("operators")]);
  async function answer(operator, how) {
    await attempt(() => put(`/lab/operators/${operator.id}/behaviour`, { answer: how }));
    touch("operators");
  }
  return html`<section class="card operators" aria-label="Operators">
    <h3>How the operators answer</h3>
    ${(told?.operators ?? []).map((operator) => html`<label key=${operator.id}>${operator.name}
      <select value=${operator.answer} onChange=${(event) => answer(operator, event.target.value)}>
        ${Object.entries(ANSWERS).map(([name, meaning]) => html`<option key=${name} value=${name}>${meaning}</option>`)}
      </select>
    </label>`)}
  </section>`;
}
