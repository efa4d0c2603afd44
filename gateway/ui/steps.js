// How an event is drawn between the parties: who tells whom what. Tables before code.

import { international, phone, words } from "./format.js";

export const LANES = { service: "Service", gateway: "Gateway", smsc: "SMSC", switch: "Voice switch", handset: "Handset", operator: "Operator" };
const ORDER = Object.keys(LANES);

const esme = (event) => (event.data.account === "gateway" || !event.data.account ? "gateway" : `esme ${event.data.account}`);
const outcome = (data) => [data.outcome, data.status && `SIP ${data.status}`, data.cause && `Q.850 ${data.cause}`].filter(Boolean).join(", ");
const STATES = ["scheduled", "enroute", "DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "ACCEPTED", "UNKNOWN", "REJECTED", "SKIPPED"];

// type: event => [from, to, what is said]; the same lane twice is a note at it.
const STEPS = {
  "confirmation.created": (e) => ["service", "gateway", `confirm ${phone(e.data.confirmation.phone_number)} by ${words(e.data.confirmation.method)}`],
  "confirmation.code_sent": () => ["gateway", "gateway", "the code is on its way"],
  "confirmation.code_delivered": () => ["gateway", "gateway", "the code has arrived"],
  "confirmation.call_placed": () => ["gateway", "switch", "INVITE"],
  "confirmation.call_ended": (e) => ["switch", "gateway", outcome(e.data)],
  "confirmation.check_failed": (e) => ["service", "gateway", `a wrong code, ${e.data.confirmation?.attempts_left ?? 0} tries left`],
  "confirmation.code_refused": (e) => ["gateway", "gateway", `the SMSC refused the code${e.data.command_status ? ` with 0x${e.data.command_status.toString(16)}` : ""}`],
  "confirmation.code_undelivered": () => ["gateway", "gateway", "the code did not arrive"],
  "confirmation.step_ended": () => ["gateway", "gateway", "this way has led to nothing"],
  "confirmation.step_started": (e) => ["gateway", "gateway", `the next way: ${words(e.data.confirmation?.method)}`],
  "confirmation.cancelled": () => ["service", "gateway", "cancelled"],
  "confirmation.unproven": (e) => ["gateway", "gateway", `proves nothing: the sender is ${words(e.data.reason)}`],
  "confirmation.confirmed": (e) => confirmed(e.data.confirmation),
  "confirmation.expired": () => ["gateway", "gateway", "expired: nobody answered in time"],
  "confirmation.failed": (e) => ["gateway", "gateway", `failed: ${words(e.data.confirmation?.reason)}`],
  "confirmation.receipt": (e) => ["gateway", "gateway", `receipt read: ${e.data.stat}, err ${e.data.err}`],
  "smpp.submit_sm": (e) => [esme(e), "smsc", e.data.command_status ? `submit_sm, refused with 0x${e.data.command_status.toString(16)}` : "submit_sm"],
  "smpp.deliver_sm": (e) => ["smsc", esme(e), `deliver_sm, ${words(e.data.kind)}`],
  "message.accepted": (e) => e.data.from ? ["handset", "smsc", `a text to ${e.data.to}`] : ["smsc", "smsc", `accepted as ${e.subject}`],
  "message.delayed": (e) => ["smsc", "handset", `not reached, try ${e.data.attempts}`],
  "message.failed": (e) => ["smsc", "smsc", `given up: ${STATES[e.data.state] ?? e.data.state}`],
  "handset.received": (e) => ["smsc", "handset", `a text from ${e.data.from}`],
  "call.started": (e) => (e.data.direction === "in" ? ["switch", "handset", "INVITE"] : ["handset", "switch", "INVITE"]),
  "call.ringing": (e) => (e.data.direction === "in" ? ["handset", "switch", "180 Ringing"] : ["switch", "handset", "180 Ringing"]),
  "call.answered": (e) => (e.data.direction === "in" ? ["handset", "switch", "200 OK"] : ["switch", "handset", "200 OK"]),
  "call.ended": (e) => ["rejected", "busy"].includes(e.data.outcome) && e.data.direction === "in" ? ["handset", "switch", outcome(e.data)] : ["switch", "handset", outcome(e.data)],
  "identification.created": (e) => ["service", "gateway", `identify ${e.data.identification.user_id} by ${phone(e.data.identification.phone_number)}`],
  "identification.confirming": () => ["gateway", "gateway", "CONFIRMING: the user proves that he holds the number"],
  "identification.routing": () => ["gateway", "gateway", "ROUTING: whose number is it"],
  "identification.registering": () => ["gateway", "gateway", "REGISTERING: the code goes to the register"],
  "identification.pending": () => ["gateway", "gateway", "PENDING: the operator's time runs"],
  "identification.taken": () => ["operator", "gateway", "the question is taken, and the operator's time runs anew"],
  "identification.identified": () => ["gateway", "service", "IDENTIFIED"],
  "identification.refused": (e) => ["gateway", "service", `REFUSED: ${words(e.data.identification?.reason)}`],
  "identification.superseded": () => ["gateway", "service", "a newer attempt took its place"],
  "identification.cancelled": () => ["gateway", "service", "CANCELLED"],
  "identification.verdict": () => ["operator", "gateway", "verdict"],
  "lookup.query_sent": (e) => ["gateway", "operator", `is he your subscriber? (${e.data.operator_id})`],
  "lookup.query_acknowledged": () => ["operator", "gateway", "the question is taken"],
  "lookup.query_not_taken": (e) => ["gateway", "operator", `the question is not taken: ${e.data.reason}`],
  "lookup.code_sent": () => ["gateway", "operator", "the identification code, for the register"],
  "lookup.code_acknowledged": () => ["operator", "gateway", "the code is in the register"],
  "lookup.code_not_taken": (e) => ["gateway", "operator", `the code is not taken: ${e.data.reason}`],
  "operator.query_received": () => ["operator", "operator", "the question has come"],
  "operator.answered": () => ["operator", "gateway", "the answer is sent"],
  "operator.breach": (e) => ["operator", "operator", `too late: ${e.data.rule}`],
  "binding.active": () => ["gateway", "gateway", "the binding is active"],
  "webhook.delivered": (e) => ["gateway", "service", `webhook ${e.data.event_type}`],
  "webhook.failed": (e) => ["gateway", "service", `webhook ${e.data.event_type}, not taken`],
  "webhook.given_up": (e) => ["gateway", "service", `webhook ${e.data.event_type}, given up`],
};

function confirmed(confirmation) {
  const source = confirmation?.proof?.source;
  if (source === "call") return ["switch", "gateway", "confirmed by the user's call"];
  if (source === "sms") return ["smsc", "gateway", "confirmed by the user's SMS"];
  return ["service", "gateway", "the right code: confirmed"];
}

export function stepOf(event) {
  const made = STEPS[event.type]?.(event);
  return made && { event, from: made[0], to: made[1], label: made[2] };
}

// The lanes that the steps need, from the service to the user.
export function lanesOf(steps) {
  const used = new Set(steps.flatMap((step) => [step.from, step.to]));
  const esmes = [...used].filter((lane) => lane.startsWith("esme "));
  return [...ORDER.slice(0, 2), ...esmes, ...ORDER.slice(2)].filter((lane) => used.has(lane));
}

export const laneName = (lane) => LANES[lane] ?? lane.replace("esme", "ESME");
export const numberOf = (story) => international(story.number);
