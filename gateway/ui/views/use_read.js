// Reads something of the lab, again whenever one of `after` is another, and every so many milliseconds where no event
// tells of its changes; undefined until it has come.

import { useEffect, useState } from "../vendor/preact.js";
import { get } from "../api.js";

export const OFTEN = 2000;

export function useRead(path, after = [], every = 0) {
  const [value, have] = useState(undefined);
  useEffect(() => {
    let wanted = true;
    const read = () => get(path).then((told) => wanted && have(told), () => undefined);
    if (path) read();
    const timer = every && setInterval(read, every);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [path, every, ...after]);
  return value;
}
