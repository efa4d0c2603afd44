// A list of rows of one height, of which only those in sight are in the document.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";

const SPARE = 6; // rows beyond each edge

export function VirtualList({ items, height, row, keyOf, label, focus = -1 }) {
  const box = useRef(null);
  const [view, look] = useState({ top: 0, room: 600 });
  useEffect(() => {
    const see = () => look({ top: box.current.scrollTop, room: box.current.clientHeight });
    const watcher = new ResizeObserver(see);
    watcher.observe(box.current);
    box.current.addEventListener("scroll", see, { passive: true });
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (focus < 0) return;
    const { scrollTop, clientHeight } = box.current;
    if (focus * height < scrollTop) box.current.scrollTop = focus * height;
    else if ((focus + 1) * height > scrollTop + clientHeight) box.current.scrollTop = (focus + 1) * height - clientHeight;
  }, [focus]);
  const first = Math.max(0, Math.floor(view.top / height) - SPARE);
  const last = Math.min(items.length, Math.ceil((view.top + view.room) / height) + SPARE);
  return html`<div class="virtual" ref=${box} tabindex="0" role="region" aria-label=${label}>
    <ul style=${{ height: `${items.length * height}px` }}>
      ${items.slice(first, last).map(
        (item, place) => html`<li
          key=${keyOf(item)}
          style=${{ top: `${(first + place) * height}px`, height: `${height}px` }}
          aria-setsize=${items.length}
          aria-posinset=${first + place + 1}
        >
          ${row(item)}
        </li>`,
      )}
    </ul>
  </div>`;
}
