// Files of playlists: the server reads them, and one of their playlists takes the page's place.

import * as api from "./api.js";
import { byId, make, plural, say } from "./dom.js";
import * as playlist from "./playlist.js";

let found = [];
let report = () => {};

function tell(...texts) {
  const text = texts.filter(Boolean).join(" ");
  byId("file-hint").textContent = text;
  say(text);
}

async function take(index, ...told) {
  const { name, tracks, count } = found[index];
  try {
    playlist.replace(name, tracks.length ? (await api.describe(tracks)).tracks : []);
  } catch (error) {
    return report(error);
  }
  tell(`${plural(count, "track")} read${tracks.length < count ? `, ${tracks.length.toLocaleString("en")} taken` : ""}.`, ...told);
}

async function open(file) {
  const choice = byId("playlists");
  choice.hidden = true;
  try {
    const answer = await api.open(file);
    found = answer.playlists;
    choice.replaceChildren(...found.map(({ name, count }, index) =>
      make("option", { value: index }, `${name || "untitled"} · ${plural(count, "track")}`)));
    choice.hidden = found.length < 2;
    await take(0, ...answer.skipped);
  } catch (error) {
    // What the file lacks is said beside it; it is no trouble of the server's.
    if (error instanceof api.ApiError) tell(error.message);
    else report(error);
  }
}

/** Brings the field to life; failures of the server go to `onError`. */
export function start(onError) {
  report = onError;
  // The same file may be opened again, when it has changed.
  byId("file").addEventListener("click", () => { byId("file").value = ""; });
  byId("file").addEventListener("change", () => {
    const [file] = byId("file").files;
    if (file) open(file);
  });
  byId("playlists").addEventListener("change", () => take(Number(byId("playlists").value)));
}
