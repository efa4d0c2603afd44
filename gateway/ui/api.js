// Calls of the lab's own routes. A refusal becomes an Error whose message is the sentence that the lab sent.

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => {
    throw new Error("The lab does not answer; does it still run?");
  });
  if (answer.status === 401) location.assign("/login");
  const told = read(await answer.text());
  if (!answer.ok) throw new Error(told?.detail ?? `${method} ${path} was answered with ${answer.status}`);
  return told;
}

// What stands between the page and the lab may answer in its place, and not in JSON.
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const put = (path, body) => call("PUT", path, body);
export const remove = (path) => call("DELETE", path);

export const ofHandset = (number) => `/lab/handsets/${encodeURIComponent(number)}`;
export const ofService = (service) => `/lab/services/${encodeURIComponent(service)}`;
