// The virtual handsets: a list of all, and one as a phone.

import { html, useEffect } from "../vendor/preact.js";
import { state, useStore } from "../store.js";
import { go, list } from "../route.js";
import { phone, plural, time, words } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { Nothing } from "../parts/nothing.js";
import { VirtualList } from "../parts/virtual_list.js";
import { Phone } from "./phone.js";
import { Welcome } from "./welcome.js";

export function Phones() {
  const { handsets, search, item } = useStore();
  const digits = search.replace(/[\s()-]/g, "");
  const shown = [...handsets.values()].filter((one) => !digits || one.phone_number.includes(digits) || words(one.state).includes(search.toLowerCase()));
  const numbers = shown.map((one) => one.phone_number);
  useEffect(() => void list(numbers), [numbers.join()]);
  const open = handsets.has(item);
  return html`<div class=${`split ${open ? "opened" : ""}`}>
    <div class="list">
      <h1>Phones <small>${shown.length === handsets.size ? handsets.size : `${shown.length} of ${handsets.size}`}</small></h1>
      ${shown.length
        ? html`<${VirtualList} items=${shown} height=${58} keyOf=${(one) => one.phone_number} label="Handsets" focus=${numbers.indexOf(item)}
            row=${(one) => html`<${Row} handset=${one} open=${item === one.phone_number} />`} />`
        : html`<${Nothing} told="The lab has no handset." />`}
    </div>
    ${open ? html`<${Phone} key=${item} number=${item} />` : html`<${Welcome} missing=${item} />`}
  </div>`;
}

function Row({ handset, open }) {
  const number = handset.phone_number;
  const unread = state.unread.get(number) ?? 0;
  const rings = state.ringing.has(number);
  const latest = state.latest.get(number);
  const told = [
    rings ? "is ringing" : plural(handset.messages, "text"),
    latest && !rings ? `${latest.from} ${time(latest.at)}` : "",
    handset.waiting ? `${handset.waiting} waiting` : "",
  ];
  return html`<button class=${`row ${unread ? "unread" : ""} ${rings ? "rings" : ""}`} aria-current=${open ? "true" : undefined} onClick=${() => go("phones", number)}>
    <span class=${`avatar ${handset.state === "on" ? "" : "away"}`}><${Icon} name=${rings ? "call" : "phones"} /></span>
    <span class="who"><span class="number">${phone(number)}</span><span class="quiet">${told.filter(Boolean).join(" · ")}</span></span>
    ${handset.state !== "on" && html`<${Badge} state=${handset.state} />`}
    ${unread > 0 && html`<span class="count" aria-label=${`${unread} new`}>${unread}</span>`}
  </button>`;
}
