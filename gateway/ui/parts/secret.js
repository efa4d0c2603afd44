// A text or code that only a click shows, unless the lab says otherwise.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useStore } from "../store.js";

export function Secret({ text, label = "text" }) {
  const { reveal } = useStore();
  const [shown, show] = useState(false);
  const place = useRef(null);
  // The button that had the focus is gone: what it has shown gets it, and is read out.
  useEffect(() => shown && place.current?.focus(), [shown]);
  if (reveal || shown) return html`<bdi class="revealed" ref=${place} tabindex=${shown ? -1 : undefined}>${text}</bdi>`;
  return html`<button class="secret" onClick=${() => show(true)}>
    <span aria-hidden="true">••••••</span> Show ${label}
  </button>`;
}
