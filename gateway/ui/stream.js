// The journal as it grows. What is drawn is read off it; what it does not tell is marked as changed and read again.

import { get, ofHandset } from "./api.js";
import { heard } from "./clock.js";
import { changed, KEPT, keepNewest, say, set, state, TICKS, touch } from "./store.js";
import { international, phone } from "./format.js";

const dirty = new Set(); // handsets to be read again
let reading = false;

export async function begin() {
  const facts = await get("/lab/page");
  for (const one of facts.confirmations.reverse()) keepNewest(state.confirmations, one.id, one);
  for (const one of facts.identifications.reverse()) keepNewest(state.identifications, one.id, one);
  set({ facts, reveal: facts.reveal });
  heard(await get("/lab/clock"));
  await readHandsets();
  follow(facts.last_seq);
}

function follow(known) {
  const source = new EventSource("/lab/events?last=500");
  let before = false;
  source.onopen = () => {
    set({ connected: true });
    if (before) comeBack();
    before = true;
  };
  source.onerror = () => set({ connected: false });
  source.onmessage = (message) => take(JSON.parse(message.data), known);
  source.addEventListener("tick", (message) => tick(JSON.parse(message.data)));
  source.addEventListener("gap", (message) => {
    set({ skipped: state.skipped + JSON.parse(message.data).skipped });
    readHandsets();
  });
  // A browser keeps the page of a left address for the way back, and with it the stream.
  addEventListener("pagehide", () => source.close());
}

// After a pause. A lab whose events have smaller numbers is another one, of which this page knows nothing.
async function comeBack() {
  const { last_seq } = await get("/lab/page");
  if (last_seq < seen.last) location.reload();
  else await readHandsets();
}

function tick(told) {
  heard(told);
  state.ticks.push({ at: Date.now() / 1000, counts: told.counts, answer: told.answer_ms });
  if (state.ticks.length > TICKS) state.ticks.shift();
}

const seen = { last: 0 };

function take(event, known) {
  if (event.seq <= seen.last) return;
  seen.last = event.seq;
  state.events.push(event);
  // Many at once, so that the list is not moved for each event.
  if (state.events.length > KEPT + 200) state.events.splice(0, 200);
  state.stories.take(event);
  if (event.seq > known) apply(event);
  changed();
}

const BY_KIND = {
  confirmation: (event) => event.data.confirmation && keepNewest(state.confirmations, event.subject, event.data.confirmation),
  identification: (event) =>
    event.data.identification && keepNewest(state.identifications, event.subject, event.data.identification),
  handset: (event) => onHandset(event),
  call: (event) => onCall(event),
  message: (event) => onMessage(event),
  subscriber: () => readHandsets(),
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
  if (event.type === "call.ringing" && event.data.direction === "in") {
    state.ringing.set(number, event.data.call_id);
    say(`${phone(number)} is ringing`);
  } else if (state.ringing.get(number) === event.data.call_id && event.type !== "call.started") {
    state.ringing.delete(number);
    if (event.data.outcome !== "answered") state.unread.set(number, (state.unread.get(number) ?? 0) + 1);
  }
  touch(number);
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
