// What a handset is like: on or off, its memory, and what it does with calls.

import { html } from "../vendor/preact.js";
import { ofHandset, put } from "../api.js";
import { attempt, state, touch, useStore, version } from "../store.js";
import { words } from "../format.js";
import { useRead } from "./use_read.js";

const STATES = ["on", "roaming", "off", "out_of_coverage", "memory_full", "barred", "ported_out", "unknown"];
const BEHAVIOURS = ["ringing", "answered", "rejected", "rejected_at_once", "busy", "no_answer", "voicemail", "announcement"];

export function HandsetSettings({ handset }) {
  useStore();
  const number = handset.phone_number;
  const voice = useRead(`${ofHandset(number)}/voice`, [version(number)]);
  const on = handset.state === "on" || handset.state === "roaming";
  async function change(path, body) {
    const told = await attempt(() => put(ofHandset(number) + path, body));
    if (told?.phone_number) state.handsets.set(number, told);
    touch(number);
  }
  return html`<div class="settings">
    <button class=${`power ${on ? "bad" : "good"}`} onClick=${() => change("", { state: on ? "off" : "on" })}>${on ? "Switch off" : "Switch on"}</button>
    <label>State
      <select value=${handset.state} onChange=${(event) => change("", { state: event.target.value })}>
        ${STATES.map((each) => html`<option key=${each} value=${each}>${words(each)}</option>`)}
      </select>
    </label>
    <div role="group" aria-label="Memory" class="group"><b>Memory</b>
      <span class="pair">
        <button onClick=${() => change("", { memory: handset.messages })} disabled=${handset.memory === handset.messages}>Fill it</button>
        <button onClick=${() => change("", { memory: null })} disabled=${handset.memory === null}>Any number of texts</button>
      </span>
      <span class="quiet">${handset.memory === null ? "holds any number of texts" : `${handset.memory_used} of ${handset.memory} places taken`}</span>
    </div>
    ${voice && html`<label>A call to it
      <select value=${voice.behaviour} onChange=${(event) => change("/voice", { behaviour: event.target.value })}>
        ${[...new Set([...BEHAVIOURS, voice.behaviour])].map((each) => html`<option key=${each} value=${each}>${words(each)}</option>`)}
      </select>
    </label>`}
    ${handset.waiting > 0 && html`<p class="quiet">${handset.waiting} messages wait for it.</p>`}
  </div>`;
}
