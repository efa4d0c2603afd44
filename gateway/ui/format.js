// How instants, spans and names are written.

export const time = (iso) => (iso ? iso.slice(11, 19) : "");
export const timeWithMillis = (iso) => (iso ? iso.slice(11, 23) : "");
export const day = (iso) => (iso ? iso.slice(0, 10) : "");
export const words = (name) => (name ?? "").replaceAll("_", " ");

// 1234567 ms as "20m 34s"; what is long ago or far off is told roughly.
export function span(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const [days, hours] = [Math.floor(total / 86400), Math.floor(total / 3600) % 24];
  const [minutes, seconds] = [Math.floor(total / 60) % 60, total % 60];
  if (days) return `${days}d ${hours}h`;
  if (hours) return `${hours}h ${minutes}m`;
  return minutes ? `${minutes}m ${String(seconds).padStart(2, "0")}s` : `${seconds}s`;
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

// +70000000001 as "+7 000 000 00 01", as people read it.
export function phone(number) {
  const found = /^\+(7)(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(number ?? "");
  return found ? `+${found.slice(1).join(" ")}` : number ?? "";
}

// What a journal holds without a plus is a number too.
export const international = (address) => (/^\d{7,15}$/.test(address ?? "") ? `+${address}` : address ?? "");
