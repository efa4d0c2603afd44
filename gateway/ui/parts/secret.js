// A text or code that only a click shows, unless the lab says otherwise.

import { html, useState } from "../vendor/preact.js";
import { useStore } from "../store.js";

export function Secret({ text, label = "text" }) {
  const { reveal } = useStore();
  const [shown, show] = useState(false);
  if (reveal || shown) return html`<span class="revealed">${text}</span>`;
  return html`<button class="secret" onClick=${() => show(true)}>
    <span aria-hidden="true">••••••</span> Show ${label}
  </button>`;
}
