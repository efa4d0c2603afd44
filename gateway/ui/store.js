// All that the page knows, in one place. Parts read `state`, change it by the functions here, and are drawn again.

import { useEffect, useState } from "./vendor/preact.js";
import { Stories } from "./stories.js";

export const KEPT = 1000; // events, the oldest of which go first
export const TICKS = 300; // seconds of the plots
const KEPT_OPEN = 300; // confirmations, and identifications

export const state = {
  facts: null,
  connected: false,
  lost: false, // whether it is not for want of a stream that was asked for
  failure: "",
  clock: { now: 0, heard: 0, running: true, next: null },
  handsets: new Map(),
  events: [],
  skipped: 0,
  confirmations: new Map(),
  identifications: new Map(),
  stories: new Stories(),
  ticks: [],
  unread: new Map(),
  ringing: new Map(),
  latest: new Map(), // the last text of a handset: from whom, and when
  versions: new Map(),
  reveal: false,
  search: "",
  said: "",
  error: "",
};

const drawers = new Set();
let waiting = false;

// Has every part drawn again, once for all changes of a moment.
export function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const draw of drawers) draw();
  });
}

export function useStore() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    drawers.add(again);
    return () => drawers.delete(again);
  }, []);
  return state;
}

export function set(members) {
  Object.assign(state, members);
  changed();
}

// Tells those who cannot see the page; many arrivals of a moment are told as one.
let toSay = [];
export function say(sentence) {
  toSay.push(sentence);
  if (toSay.length > 1) return;
  setTimeout(() => {
    const rest = toSay.length - 1;
    set({ said: rest ? `${toSay[0]}, and ${rest} more` : toSay[0] });
    toSay = [];
  }, 800);
}

// Runs what may be refused, and shows the refusal.
export async function attempt(work) {
  try {
    const result = await work();
    if (state.error) set({ error: "" });
    return result;
  } catch (error) {
    set({ error: error.message });
    return undefined;
  }
}

// A number that grows whenever what is called `name` may have changed: what is read for it is read again.
export const version = (name) => state.versions.get(name) ?? 0;
export function touch(name) {
  state.versions.set(name, version(name) + 1);
  changed();
}

export function keepNewest(map, id, value) {
  map.delete(id);
  map.set(id, value);
  if (map.size > KEPT_OPEN) map.delete(map.keys().next().value);
}

export const pendingOf = (number) =>
  [...state.confirmations.values()].filter((one) => one.phone_number === number && one.state === "pending").reverse();

export const newest = (map) => [...map.values()].reverse();
