// The playlist that is being made: kept for as long as the tab is open.

import { byId, make, names, plural, say, spoken } from "./dom.js";

export const MAX_TRACKS = 250;
const KEY = "segue-playlist";

const state = { name: "", tracks: [] };
let changed = () => {};

export const playlist = () => ({ name: state.name, tracks: state.tracks.map((track) => track.uri) });
export const title = () => state.name.trim();
export const has = (uri) => state.tracks.some((track) => track.uri === uri);

/** Adds tracks that are not there yet; returns how many. */
export function add(tracks) {
  const fresh = tracks.filter((track, index) =>
    !has(track.uri) && tracks.findIndex((other) => other.uri === track.uri) === index);
  const added = fresh.slice(0, MAX_TRACKS - state.tracks.length);
  state.tracks.push(...added.map(({ uri, title, artist }) => ({ uri, title, artist })));
  if (added.length === 1) say(`Added ${spoken(added[0])}.`);
  else if (added.length) say(`Added ${plural(added.length, "track")}.`);
  else if (fresh.length) say(`A playlist may have ${MAX_TRACKS} tracks.`);
  else say("It is in the playlist already.");
  if (added.length) update();
  return added.length;
}

/** Puts a title and tracks in the place of those that are there. */
export function replace(name, tracks) {
  state.name = byId("name").value = name;
  state.tracks = tracks.slice(0, MAX_TRACKS).map(({ uri, title, artist }) => ({ uri, title, artist }));
  update();
}

function remove(uri) {
  const at = state.tracks.findIndex((track) => track.uri === uri);
  const [gone] = state.tracks.splice(at, 1);
  say(`Removed ${spoken(gone)}.`);
  update();
  // The focus stays where it was: on the track that took its place, or on the search.
  const buttons = byId("tracks").querySelectorAll("button");
  (buttons[Math.min(at, buttons.length - 1)] || byId("search")).focus();
}

function update() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(state));
  } catch { /* a browser may forbid it: then a reload starts anew */ }
  render();
  changed();
}

function render() {
  const count = state.tracks.length;
  byId("count").textContent = count ? plural(count, "track") : "No tracks yet";
  byId("clear").hidden = !count && !state.name;
  byId("tracks").replaceChildren(...state.tracks.map((track) =>
    make("li", { class: track.title ? "song" : "song unknown", title: track.title ? null : "The model does not know this track" },
      names(track),
      make("button", { class: "round", type: "button", "aria-label": `Remove ${spoken(track)}`, onclick: () => remove(track.uri) }, "×"))));
}

function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY)) || {};
    if (typeof kept.name === "string") state.name = kept.name;
    if (Array.isArray(kept.tracks)) state.tracks = kept.tracks.filter((track) => typeof track?.uri === "string");
  } catch { /* nothing usable was kept */ }
}

/** Shows the playlist; calls `onChange` after each change of title or tracks. */
export function start(onChange) {
  restore();
  changed = onChange;
  const name = byId("name");
  name.value = state.name;
  name.addEventListener("input", () => { state.name = name.value; update(); });
  byId("clear").addEventListener("click", () => {
    state.tracks = [];
    state.name = name.value = "";
    say("Cleared.");
    update();
    name.focus();
  });
  render();
}
