// Starts a confirmation of a number, in the name of a service.

import { html, useState } from "../vendor/preact.js";
import { ofService, post } from "../api.js";
import { attempt, useStore } from "../store.js";
import { METHODS } from "../stories.js";
import { go } from "../route.js";
import { phone } from "../format.js";
import { Icon } from "../parts/icon.js";

export const instructions = new Map(); // what the user is to do, by confirmation

export function Starter({ number, choose = false, big = false }) {
  const { facts, handsets } = useStore();
  const [method, take] = useState("sms_code");
  const [to, send] = useState(number);
  const [busy, wait] = useState(false);
  async function start(event) {
    event.preventDefault();
    const target = choose ? to : number;
    wait(true);
    go("phones", target);
    const body = { phone_number: target, method };
    const told = await attempt(() => post(`${ofService(facts.services[0].id)}/confirmations`, body));
    if (told?.instructions) instructions.set(told.id, told.instructions);
    wait(false);
  }
  return html`<form class=${`starter ${big ? "big" : ""}`} onSubmit=${start}>
    ${choose &&
    html`<label>To <select value=${to} onChange=${(event) => send(event.target.value)}>
      ${[...handsets.keys()].slice(0, 50).map((each) => html`<option key=${each} value=${each}>${phone(each)}</option>`)}
    </select></label>`}
    <label>By <select value=${method} onChange=${(event) => take(event.target.value)}>
      ${Object.entries(METHODS).map(([name, title]) => html`<option key=${name} value=${name}>${title}</option>`)}
    </select></label>
    <button id="send-code" class="primary" disabled=${busy} title="Send a code (n)"><${Icon} name="send" />${VERBS[method]}</button>
  </form>`;
}

const VERBS = { sms_code: "Send me a code", flash_call: "Call me", call_in: "Let me call", mo_sms: "Let me text" };
