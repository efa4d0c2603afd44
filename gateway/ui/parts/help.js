// The list of shortcuts, as a dialog.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { SHORTCUTS } from "../keys.js";

export function Help({ open, close }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="help-title">
    <h2 id="help-title">Shortcuts</h2>
    <dl class="shortcuts">
      ${SHORTCUTS.map(([key, meaning]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}
    </dl>
    <p class="quiet more">All else is in the <a href="/docs/">documentation</a>.</p>
    <button class="primary" autofocus onClick=${() => dialog.current.close()}>Close</button>
  </dialog>`;
}
