// Which events belong together: those of one confirmation or identification with its texts and calls, or of one text.

import { international } from "./format.js";

const KEPT = 300; // stories
const KEPT_EVENTS = 200; // of one story

// Everything by which an event can be joined to others.
function keysOf(event, stories) {
  const { type, subject, data } = event;
  const keys = [];
  const kind = type.split(".")[0];
  const confirmation = data.confirmation ?? data.identification?.confirmation;
  if (/^(cnf|idn)_/.test(subject)) keys.push(subject);
  if (["message", "smpp", "receipt"].includes(kind) && /^\w+$/.test(subject) && !/bound$/.test(type)) keys.push(`m:${subject}`);
  if (type === "confirmation.receipt") keys.push(`m:${subject}`);
  if (data.message_id) keys.push(`m:${data.message_id}`);
  if (data.attempt_id) keys.push(data.attempt_id);
  if (/^(cnf|idn)_/.test(data.event_subject ?? "")) keys.push(data.event_subject);
  if (data.binding?.identification_id) keys.push(data.binding.identification_id);
  if (confirmation?.id) keys.push(confirmation.id);
  if (confirmation?.code_sent?.message_id) keys.push(`m:${confirmation.code_sent.message_id}`);
  if (kind === "call" && data.call_id) keys.push(`c:${data.call_id}`);
  return [...keys, ...stories.awaited(event)];
}

// The way by which a call or a text that begins may be waited for, and of which number.
function beginning({ type, subject, data }) {
  if (type === "call.started") return [data.direction === "in" ? "flash_call" : "call_in", subject];
  if (type === "message.accepted" && data.from) return ["mo_sms", international(data.from)];
  return [];
}

export class Stories {
  byKey = new Map();
  all = new Set();

  take(event) {
    const keys = keysOf(event, this);
    if (!keys.length) return;
    const [story, ...others] = [...new Set(keys.map((key) => this.byKey.get(key)).filter(Boolean))];
    const into = story ?? this.#begin(keys[0]);
    for (const other of others) this.#join(into, other);
    for (const key of keys) {
      this.byKey.set(key, into);
      into.keys.add(key);
    }
    into.events.push(event);
    if (into.events.length > KEPT_EVENTS) into.events.splice(1, 1);
    learn(into, event);
    this.all.delete(into);
    this.all.add(into);
    if (this.all.size > KEPT) this.#forget(this.all.values().next().value);
  }

  // A call, or a handset's text, tells no confirmation; the open one of its number that waits for such is meant.
  awaited(event) {
    const [method, number] = beginning(event);
    if (!method) return [];
    const found = this.newest().find(
      ({ number: of, confirmation }) => of === number && confirmation?.method === method && confirmation.state === "pending",
    );
    return found ? [[...found.keys][0]] : [];
  }

  newest() {
    return [...this.all].reverse();
  }

  get(key) {
    return this.byKey.get(key);
  }

  #begin(key) {
    const story = { id: key, keys: new Set(), events: [], number: "", title: "", state: "" };
    this.all.add(story);
    return story;
  }

  #join(into, other) {
    into.events = [...into.events, ...other.events].sort((a, b) => a.seq - b.seq);
    for (const key of other.keys) {
      into.keys.add(key);
      this.byKey.set(key, into);
    }
    for (const member of ["number", "confirmation", "identification", "mobile"]) into[member] ||= other[member];
    this.all.delete(other);
  }

  #forget(story) {
    for (const key of story.keys) this.byKey.delete(key);
    this.all.delete(story);
  }
}

// What is told of a story in a list.
function learn(story, { type, subject, data }) {
  const identification = data.identification;
  const confirmation = data.confirmation ?? identification?.confirmation;
  if (identification) story.identification = identification;
  if (confirmation) story.confirmation = confirmation;
  const one = story.identification ?? story.confirmation;
  if (one) story.number = one.phone_number;
  if (/^(handset|call)\./.test(type)) story.number ||= subject;
  if (/^message\./.test(type) && (data.from ?? data.to)) story.number ||= data.from ?? data.to;
  if (type === "message.accepted" && data.from) story.mobile = true;
  if (story.identification) [story.title, story.state] = ["Identification", story.identification.state];
  else if (story.confirmation) [story.title, story.state] = [METHODS[story.confirmation.method], story.confirmation.state];
  else if (type.startsWith("call.")) [story.title, story.state] = ["Call", data.outcome ?? type.split(".")[1]];
  else [story.title, story.state] = ["Text", MESSAGE_STATES[type] ?? story.state];
}

const MESSAGE_STATES = {
  "message.accepted": "accepted",
  "message.delivered": "delivered",
  "message.failed": "failed",
  "message.delayed": "waits",
};

export const METHODS = {
  sms_code: "SMS code",
  flash_call: "Flash call",
  call_in: "Call in",
  mo_sms: "SMS in",
};
