// The journal as it grows. What is drawn is read off it; what it does not tell is marked as changed and read again.

import { get, ofHandset } from "./api.js";
import { heard } from "./clock.js";
import { changed, KEPT, keepNewest, say, set, state, TICKS, touch } from "./store.js";
import { international, phone } from "./format.js";

const dirty = new Set(); // handsets to be read again
let reading = false;

export async function begin() {
  const facts = await get("/lab/page");
  keepOpen(facts);
  set({ facts, reveal: facts.reveal });
  heard(await get("/lab/clock"));
  await readHandsets();
  known = facts.last_seq;
  follow();
  // A browser keeps the page of a left address for the way back, but no open stream with it.
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && follow());
  document.addEventListener("visibilitychange", () => document.hidden || follow());
  tabs.onmessage = () => document.hidden && leave();
}

function leave() {
  source.close();
  set({ connected: false });
}

function keepOpen({ confirmations, identifications }) {
  for (const one of confirmations.reverse()) keepNewest(state.confirmations, one.id, one);
  for (const one of identifications.reverse()) keepNewest(state.identifications, one.id, one);
}

let known = 0; // the last event that is in what the page began with
let source;
let opened = false; // whether a stream was open before

// A browser opens six connections to a host, of which each stream takes one for good: where a tab opens its stream,
// those that nobody sees close theirs, and the last that was seen goes on, so that the lab keeps the PDUs.
const tabs = new BroadcastChannel("confirmlab");

function follow() {
  if (source && source.readyState !== EventSource.CLOSED) return;
  tabs.postMessage("a stream is opened");
  source = new EventSource("/lab/events?last=500");
  source.onopen = () => {
    set({ connected: true, lost: false });
    if (opened) catchUp();
    opened = true;
  };
  source.onerror = () => {
    set({ connected: false, lost: true });
    // A browser tries again where nobody answers, and gives up at an answer that is no stream, as of a proxy.
    if (source.readyState === EventSource.CLOSED) again();
  };
  source.onmessage = (message) => take(JSON.parse(message.data));
  source.addEventListener("tick", (message) => tick(JSON.parse(message.data)));
  source.addEventListener("gap", (message) => {
    set({ skipped: state.skipped + JSON.parse(message.data).skipped });
    if (!missed) missed = setTimeout(catchUp, 3000);
  });
}

const again = () => setTimeout(() => get("/lab/clock").then(follow, again), 1000);
let missed = 0; // the timer by which what was left out is read

// After a pause, or when the lab was faster than the page. Of a lab that was started anew this page knows nothing.
async function catchUp() {
  missed = 0;
  try {
    const facts = await get("/lab/page");
    if (facts.run !== state.facts.run) location.reload();
    keepOpen(facts);
    await readHandsets();
    for (const number of state.handsets.keys()) touch(number);
  } catch {
    // The stream comes back when the lab does, and this with it.
  }
}

function tick(told) {
  heard(told);
  state.ticks.push({ at: Date.now() / 1000, counts: told.counts, answer: told.answer_ms });
  if (state.ticks.length > TICKS) state.ticks.shift();
}

const seen = { last: 0 };

function take(event) {
  if (event.seq <= seen.last) return;
  seen.last = event.seq;
  state.events.push(event);
  // Many at once, so that the list is not moved for each event.
  if (state.events.length > KEPT + 200) state.events.splice(0, 200);
  state.stories.take(event);
  if (event.seq > known) apply(event);
  else if (event.type.startsWith("call.")) ring(event);
  changed();
}

const BY_KIND = {
  confirmation: (event) => event.data.confirmation && keepNewest(state.confirmations, event.subject, event.data.confirmation),
  identification: (event) =>
    event.data.identification && keepNewest(state.identifications, event.subject, event.data.identification),
  handset: (event) => onHandset(event),
  call: (event) => onCall(event),
  message: (event) => onMessage(event),
  subscriber: () => readHandsets().catch(() => undefined),
  smpp: (event) => /bound$/.test(event.type) && touch("accounts"),
  fault: () => touch("faults"),
  operator: () => touch("operators"),
};

function apply(event) {
  BY_KIND[event.type.split(".")[0]]?.(event);
}

function onHandset(event) {
  const number = event.subject;
  if (event.type === "handset.received") {
    state.unread.set(number, (state.unread.get(number) ?? 0) + 1);
    state.latest.set(number, { from: event.data.from, at: event.at });
    say(`${phone(number)} has a text from ${event.data.from}`);
  }
  readLater(number);
}

// A text that waits, or is given up, changes what waits for its handset; one that has come tells so itself.
function onMessage({ type, data }) {
  const number = international(data.to);
  if (/delayed|failed/.test(type) && state.handsets.has(number)) readLater(number);
}

function onCall(event) {
  const number = event.subject;
  const rang = state.ringing.get(number) === event.data.call_id;
  ring(event);
  const rings = state.ringing.get(number) === event.data.call_id;
  if (rings && !rang) say(`${phone(number)} is ringing`);
  if (rang && !rings && event.type === "call.ended") state.unread.set(number, (state.unread.get(number) ?? 0) + 1);
  touch(number);
}

// Whether a call rings is told by its events alone, those from before the page was opened too.
function ring({ type, subject, data }) {
  if (type === "call.ringing" && data.direction === "in") state.ringing.set(subject, data.call_id);
  else if (state.ringing.get(subject) === data.call_id && type !== "call.started") state.ringing.delete(subject);
}

function readLater(number) {
  dirty.add(number);
  if (reading) return;
  reading = true;
  setTimeout(readDirty, 150);
}

// A few handsets are read one by one, many together.
async function readDirty() {
  const numbers = [...dirty];
  dirty.clear();
  try {
    if (numbers.length > 5) {
      await readHandsets();
    } else {
      for (const number of numbers) state.handsets.set(number, await get(ofHandset(number)));
    }
    for (const number of numbers) touch(number);
  } catch {
    // The next event about them reads them again.
  }
  reading = false;
  if (dirty.size) readLater([...dirty][0]);
}

export async function readHandsets() {
  const { handsets } = await get("/lab/handsets");
  state.handsets = new Map(handsets.map((one) => [one.phone_number, one]));
  changed();
}
