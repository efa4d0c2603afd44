// The lab clock, as the last tick told it and as it has run since.

import { useEffect, useState } from "./vendor/preact.js";
import { attempt, set, state } from "./store.js";
import { post } from "./api.js";

const DAY = 86_400_000;

export function now() {
  const { now: told, heard, running } = state.clock;
  return running ? told + (performance.now() - heard) : told;
}

export function heard(clock) {
  set({
    clock: {
      now: Date.parse(clock.now),
      heard: performance.now(),
      running: clock.running,
      next: clock.next_deadline_at ? Date.parse(clock.next_deadline_at) : null,
    },
  });
}

// Draws the part that asks for it again every `every` milliseconds, and returns the lab's instant.
export function useNow(every = 500) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), every);
    return () => clearInterval(timer);
  }, [every]);
  return now();
}

const turn = (path, body) => attempt(async () => heard(await post(path, body)));

export const advance = (by) => turn("/lab/clock/advance", { by });
export const toggle = () => turn(state.clock.running ? "/lab/clock/pause" : "/lab/clock/resume");

export function toNextDeadline() {
  const { next } = state.clock;
  if (next === null) return undefined;
  const left = Math.max(1, Math.ceil(next - now()));
  const days = Math.floor(left / DAY);
  return advance(`${days ? `${days}d` : ""}${((left % DAY) / 1000).toFixed(3)}s`);
}
