// A handset's texts, newest last as on a phone, and the field to answer.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { ofHandset, post, remove } from "../api.js";
import { attempt, touch, useStore, version } from "../store.js";
import { phone, time } from "../format.js";
import { Icon } from "../parts/icon.js";
import { Secret } from "../parts/secret.js";
import { useRead } from "./use_read.js";

const SHOWN = 50; // of many texts, the latest

export function Inbox({ number }) {
  useStore();
  const inbox = useRead(`${ofHandset(number)}/messages?extract=code`, [version(number)]);
  const [sent, note] = useState([]);
  const end = useRef(null);
  const texts = (inbox?.messages ?? []).slice(-SHOWN);
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [texts.length, sent.length]);
  const last = texts.at(-1)?.from;
  return html`<div class="inbox">
    <ul class="texts" aria-label="Texts">
      ${inbox && !texts.length && !sent.length && html`<li class="empty">No texts yet.</li>`}
      ${texts.map((text) => html`<${Bubble} key=${text.id} number=${number} text=${text} />`)}
      ${sent.map((text) => html`<li class="bubble own" key=${text.id}><p><${Secret} text=${text.text} /></p><span class="quiet">to ${phone(text.to)}, handed to the SMSC</span></li>`)}
      <li ref=${end} aria-hidden="true"></li>
    </ul>
    <${Answer} number=${number} to=${last} sent=${(text) => note([...sent, text])} />
  </div>`;
}

function Bubble({ number, text }) {
  async function discard() {
    await attempt(() => remove(`${ofHandset(number)}/messages/${text.id}`));
    touch(number);
  }
  return html`<li class=${`bubble ${text.flash ? "flash" : ""}`}>
    <span class="from">${text.from}${text.flash ? " · flash" : ""}</span>
    <p><${Secret} text=${text.text} /></p>
    <span class="quiet foot">
      <time>${time(text.received_at)}</time>
      ${text.code && html`<span class="code">code <${Secret} text=${text.code} label="code" /></span>`}
      <button class="bare" onClick=${discard} aria-label="Throw this text away"><${Icon} name="bin" /></button>
    </span>
  </li>`;
}

function Answer({ number, to, sent }) {
  const { facts } = useStore();
  const [target, aim] = useState("");
  const [text, write] = useState("");
  // A sender that is a name cannot be answered; the short code of the lab can.
  const usual = /^\+?\d{1,20}$/.test(to ?? "") ? to : facts.short_code;
  async function send(event) {
    event.preventDefault();
    const goes = { to: target || usual, text };
    const told = await attempt(() => post(`${ofHandset(number)}/messages`, goes));
    if (!told) return;
    sent({ ...goes, id: told.message_id });
    write("");
  }
  return html`<form class="answer" onSubmit=${send}>
    <input class="to" value=${target} placeholder=${usual} onInput=${(event) => aim(event.target.value.trim())} aria-label="To" pattern="\\+?[0-9]{1,20}" />
    <input value=${text} placeholder="Text" onInput=${(event) => write(event.target.value)} aria-label="Text to send" required maxlength="1000" />
    <button class="primary" aria-label="Send the text"><${Icon} name="send" /></button>
  </form>`;
}
