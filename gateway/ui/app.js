// The frame of the page: the head with search and clock, the way to each view, and the view.

import { html, render, useEffect } from "./vendor/preact.js";
import { set, useStore } from "./store.js";
import { begin } from "./stream.js";
import { beginRoute, go, VIEWS } from "./route.js";
import { beginTheme, turnTheme } from "./theme.js";
import { listen } from "./keys.js";
import { ClockBar } from "./parts/clock_bar.js";
import { Help } from "./parts/help.js";
import { Icon } from "./parts/icon.js";
import { Phones } from "./views/phones.js";
import { Flow } from "./views/flow.js";
import { Identifications } from "./views/identifications.js";
import { Accounts } from "./views/accounts.js";
import { Faults } from "./views/faults.js";
import { Load } from "./views/load.js";
import { Journal } from "./views/journal.js";

const SHOWN = { phones: Phones, flow: Flow, identify: Identifications, accounts: Accounts, faults: Faults, load: Load, journal: Journal };

function App() {
  const { view, facts, lost, failure, error, said, help } = useStore();
  const View = SHOWN[view];
  useEffect(() => document.getElementById("main")?.scrollTo(0, 0), [view]);
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Head} />
    <${Ways} />
    <main id="main" class=${`view-${view}`} tabindex="-1">
      ${lost && html`<p class="error banner" role="alert">The lab does not answer. What stands here is old; the page tries again by itself.</p>`}
      ${error && html`<p class="error banner" role="alert">${error} <button onClick=${() => set({ error: "" })}>Dismiss</button></p>`}
      ${failure ? html`<p class="error banner" role="alert">${failure}</p>` : facts ? html`<${View} />` : html`<p class="boot">Loading…</p>`}
    </main>
    <p class="unseen" role="status" aria-live="polite">${said}</p>
    <${Help} open=${help} close=${() => set({ help: false })} />
  </div>`;
}

function Head() {
  const { connected, search, theme, reveal } = useStore();
  return html`<header>
    <a class="brand" href="#/phones"><img src="/ui/icon.svg" alt="" width="26" height="26" /><span>confirmlab</span></a>
    <label class="search">
      <${Icon} name="search" />
      <input
        id="search"
        type="search"
        placeholder="Search ( / )"
        aria-label="Search numbers, ids and events"
        value=${search}
        onInput=${(event) => set({ search: event.target.value })}
      />
    </label>
    <${ClockBar} />
    <span class="tools">
      <span class=${`link ${connected ? "up" : "down"}`} role="img" aria-label=${connected ? "Live" : "Not connected"} title=${connected ? "Live" : "Not connected: trying again"}></span>
      <button onClick=${() => set({ reveal: !reveal })} aria-pressed=${String(reveal)} aria-label="Show codes and texts" title="Show codes and texts (r)"><${Icon} name="eye" /></button>
      <button onClick=${turnTheme} aria-label=${theme === "dark" ? "Light colours" : "Dark colours"} title="Dark or light (t)"><${Icon} name=${theme === "dark" ? "sun" : "moon"} /></button>
      <button onClick=${() => set({ help: true })} aria-label="Shortcuts" title="Shortcuts (?)"><${Icon} name="help" /></button>
    </span>
  </header>`;
}

function Ways() {
  const { view, facts, unread, identifications } = useStore();
  const counts = {
    phones: [...unread.values()].reduce((sum, count) => sum + count, 0),
    identify: [...identifications.values()].filter((one) => !["IDENTIFIED", "REFUSED", "CANCELLED"].includes(one.state)).length,
  };
  return html`<nav aria-label="Views">
    ${VIEWS.map(({ name, title, short }) => html`<button key=${name} aria-current=${view === name ? "page" : undefined} onClick=${() => go(name)}>
      <${Icon} name=${name} /><span class="title">${title}</span><span class="short" aria-hidden="true">${short ?? title}</span>
      ${counts[name] > 0 && html`<span class="count">${counts[name] > 99 ? "99+" : counts[name]}</span>`}
    </button>`)}
    <p class="about quiet"><span>${facts && `version ${facts.version}`}</span><a href="/docs/">Docs</a> <a href="/openapi.json">API</a></p>
  </nav>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

beginTheme();
beginRoute();
listen();
const place = document.getElementById("app");
place.replaceChildren();
render(html`<${App} />`, place);
begin().catch((error) => set({ failure: `The lab did not answer: ${error.message}. Load the page again when it runs.` }));
