// One handset as a phone, with what is waited for from its user beside it.

import { html, useEffect, useState } from "../vendor/preact.js";
import { changed, pendingOf, state, useStore } from "../store.js";
import { go } from "../route.js";
import { phone, time, words } from "../format.js";
import { now, useNow } from "../clock.js";
import { Icon } from "../parts/icon.js";
import { Inbox } from "./inbox.js";
import { Calls, Ringing } from "./calls.js";
import { Keypad } from "./keypad.js";
import { HandsetSettings } from "./handset_settings.js";
import { Over, Pending } from "./confirmations.js";
import { Starter } from "./starter.js";

const TABS = { messages: "Messages", calls: "Calls", keypad: "Keypad", handset: "Handset" };

export function Phone({ number }) {
  const { handsets, ringing, facts } = useStore();
  const [tab, turn] = useState("messages");
  const handset = handsets.get(number);
  const away = handset.state !== "on" && handset.state !== "roaming";
  useEffect(() => {
    if (state.unread.delete(number)) changed();
  }, [number, state.unread.get(number)]);
  const pending = pendingOf(number);
  useEffect(() => {
    if (pending[0]?.method === "flash_call") turn("calls");
    if (pending[0]?.method === "call_in") turn("keypad");
    if (["sms_code", "mo_sms"].includes(pending[0]?.method)) turn("messages");
  }, [pending[0]?.id, pending[0]?.method]);
  return html`<div class="desk">
    <section class=${`phone ${away ? "dark" : ""}`} aria-label=${`Phone ${phone(number)}`}>
      <div class="statusbar">
        <button class="back" onClick=${() => go("phones")} aria-label="All phones"><${Icon} name="back" /></button>
        <${LabTime} />
        <span class="number">${phone(number)}</span>
        <span class="signal">${away ? words(handset.state) : "LAB"}</span>
      </div>
      <div class="tabs" role="tablist" aria-label="Phone" onKeyDown=${(event) => neighbour(event, tab, turn)}>
        ${Object.entries(TABS).map(([name, title]) => html`<button key=${name} role="tab" id=${`tab-${name}`} aria-selected=${String(tab === name)} tabindex=${tab === name ? 0 : -1} aria-controls="screen" onClick=${() => turn(name)}>${title}</button>`)}
      </div>
      <div class="screen" id="screen" role="tabpanel" aria-labelledby=${`tab-${tab}`}>
        ${ringing.has(number) && html`<${Ringing} number=${number} call=${ringing.get(number)} />`}
        ${tab === "messages" && html`<${Inbox} number=${number} />`}
        ${tab === "calls" && html`<${Calls} number=${number} />`}
        ${tab === "keypad" && html`<${Keypad} number=${number} done=${() => turn("calls")} />`}
        ${tab === "handset" && html`<${HandsetSettings} handset=${handset} />`}
      </div>
    </section>
    <section class="beside" aria-label="Confirmations of this number">
      ${pending.map((one) => html`<${Pending} key=${one.id} one=${one} />`)}
      ${facts.services.length > 0 && html`<div class="card" key="start"><h2>Confirm this number</h2><${Starter} number=${number} /></div>`}
      <${Over} number=${number} />
    </section>
  </div>`;
}

// Of tabs one alone is on the way of the Tab key; arrows lead to the others.
function neighbour(event, tab, turn) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  const names = Object.keys(TABS);
  const next = names[(names.indexOf(tab) + by + names.length) % names.length];
  turn(next);
  document.getElementById(`tab-${next}`).focus();
}

function LabTime() {
  useNow(1000);
  return html`<time>${time(new Date(now()).toISOString()).slice(0, 5)}</time>`;
}
