// The ESME accounts: how many binds each has, and what its ESME does wrong.

import { html, useEffect } from "../vendor/preact.js";
import { remove } from "../api.js";
import { attempt, touch, useStore, version } from "../store.js";
import { go, list } from "../route.js";
import { plural, time } from "../format.js";
import { Nothing } from "../parts/nothing.js";
import { OFTEN, useRead } from "./use_read.js";

export function Accounts() {
  const { item, search } = useStore();
  const told = useRead("/lab/accounts", [version("accounts")], OFTEN);
  const shown = (told?.accounts ?? []).filter((one) => one.system_id.toLowerCase().includes(search.toLowerCase()));
  const ids = shown.map((one) => one.system_id);
  useEffect(() => void list(ids), [ids.join()]);
  const open = item || ids[0];
  return html`<div class="page">
    <h1>Accounts <small>${shown.length}</small></h1>
    <div class="tiles">
      ${shown.map((one) => html`<button class="card tile" key=${one.system_id} aria-current=${open === one.system_id ? "true" : undefined} onClick=${() => go("accounts", one.system_id)}>
        <b>${one.system_id}</b>
        <span class=${`badge ${one.binds ? "good" : "calm"}`}>${one.binds ? plural(one.binds, "bind") : "not bound"}</span>
        <span class=${`badge ${one.errors ? "bad" : "calm"}`}>${plural(one.errors, "error")}</span>
      </button>`)}
    </div>
    ${told && !shown.length && html`<${Nothing} told="No ESME can bind here: the configuration has no accounts." />`}
    ${open && html`<${Conduct} key=${open} account=${open} />`}
  </div>`;
}

function Conduct({ account }) {
  const path = `/lab/accounts/${encodeURIComponent(account)}/conduct`;
  const report = useRead(path, [version("accounts")], OFTEN);
  async function forget() {
    await attempt(() => remove(path));
    touch("accounts");
  }
  if (!report) return null;
  return html`<section class="card conduct" aria-label=${`Conduct of ${account}`}>
    <header><h2>Conduct of ${account}</h2><button onClick=${forget} disabled=${!report.mistakes.length}>Forget</button></header>
    ${report.mistakes.length
      ? html`<ul class="mistakes">${report.mistakes.map((one) => html`<li key=${one.kind}>
          <span class=${`badge ${one.severity === "error" ? "bad" : "busy"}`}>${one.severity}</span>
          <div><b>${one.sentence}</b> <span class="quiet">SMPP 3.4, ${one.clause} · ${plural(one.count, "time")}</span>
            <ul>${one.examples.slice(-3).map((example, place) => html`<li key=${place} class="quiet">${time(example.at)} ${example.detail}</li>`)}</ul>
          </div>
        </li>`)}</ul>`
      : html`<p class="quiet">Its ESME has made no mistake since the start.</p>`}
  </section>`;
}
