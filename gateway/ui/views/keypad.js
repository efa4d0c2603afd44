// The keypad: calls any number, first of all the one that a pending confirmation asks for.

import { html, useEffect, useState } from "../vendor/preact.js";
import { ofHandset, post } from "../api.js";
import { attempt, pendingOf, touch, useStore } from "../store.js";
import { phone } from "../format.js";
import { Icon } from "../parts/icon.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "+", "0", "⌫"];

export function Keypad({ number, done }) {
  const { facts } = useStore();
  const [to, dial] = useState("");
  const asked = pendingOf(number).find((one) => one.access_number)?.access_number;
  useEffect(() => asked && dial(asked), [asked]);
  async function call(event) {
    event.preventDefault();
    const told = await attempt(() => post(`${ofHandset(number)}/calls`, { to }));
    touch(number);
    if (told) done();
  }
  const press = (key) => dial(key === "⌫" ? to.slice(0, -1) : to + key);
  return html`<form class="keypad" onSubmit=${call}>
    <input class="dialled" value=${to} onInput=${(event) => dial(event.target.value.replace(/[^+\d]/g, ""))} aria-label="Number to call" inputmode="tel" placeholder="Number" required />
    <div class="keys">
      ${KEYS.map((key) => html`<button type="button" key=${key} onClick=${() => press(key)} aria-label=${key === "⌫" ? "Delete the last digit" : key}>${key}</button>`)}
    </div>
    <button class="good dial"><${Icon} name="call" />Call</button>
    <div class="numbers">
      ${facts.access_numbers.map((each) => html`<button type="button" key=${each} class=${each === asked ? "asked" : ""} onClick=${() => dial(each)}>${phone(each)}${each === asked ? " · asked for" : ""}</button>`)}
    </div>
  </form>`;
}
