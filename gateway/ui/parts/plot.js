// A plot over the last minutes. It is drawn on a canvas, so its latest values are told in words beside it.

import { html, useEffect, useRef } from "../vendor/preact.js";
import uPlot from "../vendor/uPlot.js";

const WIDTH = 300; // seconds
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function Plot({ label, unit, series, data, theme }) {
  const box = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const options = {
      width: box.current.clientWidth,
      height: 220,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: { x: { range: (_, low, high) => [high - WIDTH, high] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.15)] } },
      axes: [{ ...axis, space: 90, values: (_, instants) => instants.map((at) => new Date(at * 1000).toTimeString().slice(0, 8)) }, { ...axis, size: 48 }],
      series: [{}, ...series.map(({ name, tone, sparse = false }) => ({ label: name, stroke: colour(tone), width: 2, points: { show: sparse, size: 5, fill: colour(tone) }, fill: `${colour(tone)}22` }))],
    };
    plot.current = new uPlot(options, data, box.current);
    const watcher = new ResizeObserver(() => plot.current?.setSize({ width: box.current.clientWidth, height: 220 }));
    watcher.observe(box.current);
    return () => {
      watcher.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [theme]);
  useEffect(() => plot.current?.setData(data), [data]);
  return html`<figure class="card plot">
    <figcaption>
      <strong>${label}</strong>
      ${series.map(({ name, tone }, place) => html`<span class="key" key=${name}>
        <i style=${{ background: `var(${tone})` }}></i>${name} <b>${told(data[place + 1])} ${unit}</b>
      </span>`)}
    </figcaption>
    <div ref=${box}></div>
  </figure>`;
}

function told(values) {
  const last = values?.findLast((value) => value !== null);
  return last === undefined ? "–" : last.toLocaleString("en", { maximumFractionDigits: 1 });
}
