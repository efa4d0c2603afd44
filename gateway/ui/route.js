// Where the page is: the view and what is open in it, in the address after the #.

import { set, state } from "./store.js";

export const VIEWS = [
  { name: "phones", title: "Phones" },
  { name: "flow", title: "Flow" },
  { name: "identify", title: "Identifications", short: "Identify" },
  { name: "accounts", title: "Accounts" },
  { name: "faults", title: "Faults" },
  { name: "load", title: "Load" },
  { name: "journal", title: "Journal" },
];

export function beginRoute() {
  addEventListener("hashchange", read);
  read();
}

function read() {
  const [view = "phones", item = ""] = location.hash.replace(/^#\/?/, "").split("/");
  const known = VIEWS.some((each) => each.name === view) ? view : "phones";
  if (known !== state.view) listed = [];
  document.title = `${VIEWS.find((each) => each.name === known).title} · confirmlab`;
  set({ view: known, item: plain(item) });
}

// What somebody has typed into the address may be no proper escape: then it is meant as it stands.
function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function go(view, item = "") {
  location.hash = `/${view}${item ? `/${encodeURIComponent(item)}` : ""}`;
}

// What stands in the open view's list, from which `open` takes the next or the one before.
let listed = [];
export const list = (items) => (listed = items);

export function open(by) {
  if (!listed.length) return;
  const place = listed.indexOf(state.item);
  go(state.view, listed[Math.min(listed.length - 1, Math.max(0, place + by))]);
}
