// How much goes through, and how fast the SMSC answers, second by second since the page was opened.

import { html, useMemo } from "../vendor/preact.js";
import { TICKS, useStore } from "../store.js";
import { Plot } from "../parts/plot.js";

const COUNTED = [
  { name: "submitted", tone: "--accent", types: ["smpp.submit_sm"] },
  { name: "delivered", tone: "--good", types: ["message.delivered"] },
  { name: "receipts", tone: "--busy", types: ["receipt.sent"] },
  { name: "calls", tone: "--bad", types: ["call.started"] },
];
const TIMES = [
  { name: "half within", tone: "--accent", sparse: true, share: "p50" },
  { name: "95 of 100 within", tone: "--bad", sparse: true, share: "p95" },
];

export function Load() {
  const { ticks, theme, skipped } = useStore();
  const last = ticks.at(-1)?.at;
  const [rates, times] = useMemo(() => [ratesOf(ticks), timesOf(ticks)], [last]);
  return html`<div class="page">
    <h1>Load <small>the last ${TICKS / 60} minutes</small></h1>
    <${Plot} label="Throughput" unit="/s" series=${COUNTED} data=${rates} theme=${theme} />
    <${Plot} label="Time of the SMSC's answers" unit="ms" series=${TIMES} data=${times} theme=${theme} />
    <p class="quiet">Times are real, from a request's last octet to its answer. ${skipped > 0 && `This page has left out ${skipped.toLocaleString("en")} events that came faster than it reads; they are counted all the same.`}</p>
  </div>`;
}

// The lab counts for as long as somebody looks; between two ticks lies about a second.
function ratesOf(ticks) {
  const count = (tick, types) => types.reduce((sum, type) => sum + (tick.counts[type] ?? 0), 0);
  const rate = (place, types) => {
    const [before, tick] = [ticks[place - 1], ticks[place]];
    return before ? Math.max(0, (count(tick, types) - count(before, types)) / (tick.at - before.at)) : 0;
  };
  return [ticks.map((tick) => tick.at), ...COUNTED.map(({ types }) => ticks.map((_, place) => rate(place, types)))];
}

function timesOf(ticks) {
  return [ticks.map((tick) => tick.at), ...TIMES.map(({ share }) => ticks.map((tick) => tick.answer?.[share] ?? null))];
}
