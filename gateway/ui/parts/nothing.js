// What stands in the place of a list in which there is nothing, or nothing that is searched for.

import { html } from "../vendor/preact.js";
import { set, useStore } from "../store.js";

export function Nothing({ told }) {
  const { search } = useStore();
  if (!search) return html`<p class="empty">${told}</p>`;
  return html`<div class="empty"><p>Nothing here fits “${search}”.</p><button onClick=${() => set({ search: "" })}>Clear the search</button></div>`;
}
