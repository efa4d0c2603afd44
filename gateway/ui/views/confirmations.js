// The confirmations of a number: those that wait for their answer, and what became of the others.

import { html, useEffect, useState } from "../vendor/preact.js";
import { get, ofHandset, ofService, post } from "../api.js";
import { attempt, newest, say, state, touch, useStore } from "../store.js";
import { phone, time, words } from "../format.js";
import { METHODS } from "../stories.js";
import { Badge } from "../parts/badge.js";
import { Countdown } from "../parts/countdown.js";
import { Secret } from "../parts/secret.js";
import { instructions } from "./starter.js";

export function Over({ number }) {
  const { confirmations } = useStore();
  const over = newest(confirmations).filter((one) => one.phone_number === number && one.state !== "pending").slice(0, 5);
  return html`<div class="stack">
    ${over.map((one) => html`<div class="card over" key=${one.id}>
      <span><b>${METHODS[one.method]}</b> <span class="quiet">${time(one.created_at)}</span></span>
      <${Badge} state=${one.state} />
      ${one.reason && html`<span class="quiet">${words(one.reason)}</span>`}
      <a href=${`#/flow/${one.id}`}>Flow</a>
    </div>`)}
  </div>`;
}

// An identification owns its confirmation, and is answered in its place.
const owner = (one) => [...state.identifications.values()].find((each) => each.confirmation?.id === one.id);

export function pathOf(one) {
  const owned = owner(one);
  return owned
    ? `${ofService(owned.service_id)}/identifications/${owned.id}`
    : `${ofService(one.service_id)}/confirmations/${one.id}`;
}

export function Pending({ one }) {
  const typed = one.method === "sms_code" || one.method === "flash_call";
  return html`<div class="card pending">
    <div class="head"><b>${METHODS[one.method]}</b> <${Badge} state=${one.state} /> <${Countdown} until=${one.expires_at} from=${one.created_at} /></div>
    ${typed ? html`<${Typed} one=${one} />` : html`<${Own} one=${one} />`}
    <div class="foot">
      ${one.next_step_at && html`<button onClick=${() => attempt(() => post(`${pathOf(one)}/next`))}>Try ${METHODS[one.methods[one.step + 1]]}</button>`}
      <button onClick=${() => attempt(() => post(`${pathOf(one)}/resend`))}>Send again</button>
      <a href=${`#/flow/${one.id}`}>Flow</a>
    </div>
  </div>`;
}

function Typed({ one }) {
  const [code, write] = useState("");
  const [left, found] = useState(null); // tries, after a wrong code
  async function check(event) {
    event.preventDefault();
    const told = await attempt(() => post(`${pathOf(one)}/check`, { code }));
    if (!told) return;
    const after = told.confirmation ?? told;
    found(after.state === "pending" ? after.attempts_left : null);
    say(after.state === "confirmed" ? "The number is confirmed" : "The code is wrong");
    write("");
  }
  const call = one.method === "flash_call" ? one.call : null;
  return html`<form class="typed" onSubmit=${check}>
    <label for=${`code-${one.id}`}>${call ? `The last ${call.digits} digits of the number that called, or all of it` : "The code in the text"}</label>
    <span class="pair">
      <input id=${`code-${one.id}`} class="code-input" value=${code} onInput=${(event) => write(event.target.value)} autocomplete="one-time-code" inputmode="numeric" required maxlength="32" />
      <button class="primary">Check</button>
    </span>
    ${left !== null && html`<p class="error" role="alert">Wrong code: ${left === 1 ? "1 try" : `${left} tries`} left.</p>`}
  </form>`;
}

// The user's own call or text: the page makes it from the phone.
function Own({ one }) {
  const [told, have] = useState(instructions.get(one.id));
  useEffect(() => {
    if (!told) get(pathOf(one)).then((found) => have(found.instructions), () => undefined);
  }, [one.id]);
  if (!told) return null;
  const call = one.method === "call_in";
  const target = ofHandset(one.phone_number);
  async function act() {
    await attempt(() => (call ? post(`${target}/calls`, { to: told.access_number }) : post(`${target}/messages`, { to: told.short_code, text: told.text })));
    touch(one.phone_number);
  }
  return html`<div class="own-act">
    <p>${call
      ? html`The user calls <b>${phone(told.access_number)}</b> from this phone.`
      : html`The user sends <b><${Secret} text=${told.text} /></b> to <b>${told.short_code}</b>.`}</p>
    <button class="primary" onClick=${act}>${call ? "Call it" : "Send it"}</button>
  </div>`;
}
