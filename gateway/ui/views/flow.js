// The way of a message or call between the parties, as it happens, with the PDUs that carried it.

import { html, useEffect } from "../vendor/preact.js";
import { useStore } from "../store.js";
import { go, list } from "../route.js";
import { phone, time } from "../format.js";
import { numberOf } from "../steps.js";
import { Badge } from "../parts/badge.js";
import { Nothing } from "../parts/nothing.js";
import { VirtualList } from "../parts/virtual_list.js";
import { Sequence } from "./sequence.js";

export function Flow() {
  const { stories, search, item } = useStore();
  const wanted = search.replace(/\s/g, "").toLowerCase();
  const fits = (story) => !wanted || numberOf(story).includes(wanted) || [...story.keys].some((key) => key.toLowerCase().includes(wanted)) || story.title.toLowerCase().includes(wanted);
  const shown = stories.newest().filter(fits);
  const ids = shown.map((story) => story.id);
  useEffect(() => void list(ids), [ids.join()]);
  const open = stories.get(item) ?? (item ? stories.get(`m:${item}`) : shown[0]);
  return html`<div class=${`split ${item ? "opened" : ""}`}>
    <div class="list">
      <h1>Flow <small>${shown.length}</small></h1>
      ${shown.length
        ? html`<${VirtualList} items=${shown} height=${58} keyOf=${(story) => story.id} label="Messages and calls" focus=${item ? ids.indexOf(item) : -1}
            row=${(story) => html`<${Row} story=${story} open=${story === open} />`} />`
        : html`<${Nothing} told="Nothing has happened yet. Send a code from a phone." />`}
    </div>
    <section class="detail" aria-label="Flow of the open one">
      ${open ? html`<${Sequence} key=${open.id} story=${open} live=${!item} />` : html`<p class="empty">${item ? `Of ${item} this page knows nothing: it tells of the latest events.` : "Nothing to show."}</p>`}
    </section>
  </div>`;
}

const Row = ({ story, open }) => html`<button class="row" aria-current=${open ? "true" : undefined} onClick=${() => go("flow", story.id)}>
  <span class="who"><span class="number">${phone(numberOf(story)) || story.id}</span><span class="quiet">${story.title} · ${time(story.events.at(-1).at)}</span></span>
  ${story.state && html`<${Badge} state=${story.state} />`}
</button>`;
