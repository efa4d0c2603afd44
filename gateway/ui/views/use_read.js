// Reads something of the lab, again whenever one of `after` is another; undefined until it has come.

import { useEffect, useState } from "../vendor/preact.js";
import { get } from "../api.js";

export function useRead(path, after = []) {
  const [value, have] = useState(undefined);
  useEffect(() => {
    let wanted = true;
    if (path) get(path).then((told) => wanted && have(told), () => undefined);
    return () => void (wanted = false);
  }, [path, ...after]);
  return value;
}
