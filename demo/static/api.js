// The page's server.

export class ApiError extends Error {}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("This page's own server does not answer. Is segue demo still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(body.error || `The server answered ${response.status}.`);
  return body;
}

const post = (path, body, signal) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

export const status = () => call("status");
export const gateway = () => call("gateway");
export const askGateway = (listener, surface, tracks, signal) => post("gateway", { listener, surface, tracks }, signal);
export const search = (text, signal) => call(`search?q=${encodeURIComponent(text)}`, { signal });
export const describe = (uris) => post("tracks", { tracks: uris });
export const open = (file) =>
  call("playlists", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
export const continuePlaylist = (playlist, version, signal) =>
  post("continue", { ...playlist, version, top: 100 }, signal);
