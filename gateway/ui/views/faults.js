// Faults, each with a switch; the account that it is for may be chosen before.

import { html, useState } from "../vendor/preact.js";
import { post, remove } from "../api.js";
import { attempt, touch, useStore, version } from "../store.js";
import { plural } from "../format.js";
import { Nothing } from "../parts/nothing.js";
import { KINDS } from "./fault_kinds.js";
import { OFTEN, useRead } from "./use_read.js";

export function Faults() {
  const { search } = useStore();
  const [account, choose] = useState("");
  const accounts = useRead("/lab/accounts")?.accounts ?? [];
  const rules = useRead("/lab/faults", [version("faults")], OFTEN)?.faults ?? [];
  const shown = KINDS.filter((kind) => `${kind.fault} ${kind.title} ${kind.told}`.toLowerCase().includes(search.toLowerCase()));
  // For one account, what is in force for all counts too, and what is for another account does not.
  const meant = rules.filter(({ rule }) => !account || !rule.when?.account || rule.when.account === account);
  async function clear() {
    await attempt(() => remove("/lab/faults"));
    touch("faults");
  }
  return html`<div class="page">
    <header><h1>Faults <small>${plural(rules.length, "rule")} in force</small></h1>
      <label>For <select value=${account} onChange=${(event) => choose(event.target.value)}>
        <option value="">all accounts</option>
        ${accounts.map((one) => html`<option key=${one.system_id} value=${one.system_id}>${one.system_id}</option>`)}
      </select></label>
      <button onClick=${clear} disabled=${!rules.length}>All off</button>
    </header>
    <div class="faults">${shown.map((kind) => html`<${Fault} key=${kind.fault} kind=${kind} account=${account} rules=${meant.filter((rule) => rule.rule.fault === kind.fault)} />`)}</div>
    ${!shown.length && html`<${Nothing} />`}
  </div>`;
}

function Fault({ kind, account, rules }) {
  const [needs, say] = useState(kind.needs ?? {});
  const on = rules.length > 0;
  async function turn() {
    const body = { fault: kind.fault, ...needs, ...(account ? { when: { account } } : {}) };
    await attempt(async () => {
      if (!on) return post("/lab/faults", body);
      for (const rule of rules) await remove(`/lab/faults/${rule.id}`);
    });
    touch("faults");
  }
  return html`<div class=${`card fault ${on ? "on" : ""}`}>
    <button role="switch" aria-checked=${String(on)} aria-label=${kind.title} class="switch" onClick=${turn}><i></i></button>
    <div>
      <b>${kind.title}</b>
      <p class="quiet">${kind.told}</p>
      ${on && html`<p>${rules.map((rule) => `fired ${plural(rule.fired, "time")}${rule.fitted > rule.fired ? ` of ${rule.fitted} that fitted` : ""}${rule.rule.when?.account ? `, for ${rule.rule.when.account}` : ""}`).join("; ")}</p>`}
      ${!on && Object.keys(needs).map((name) => html`<label key=${name}>${name} <input value=${needs[name]} onInput=${(event) => say({ ...needs, [name]: event.target.value.trim() })} /></label>`)}
    </div>
  </div>`;
}
