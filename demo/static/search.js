// The search: a combobox with a list of tracks, as the ARIA Authoring Practices describe it.

import * as api from "./api.js";
import { byId, debounce, make, names, plural, say } from "./dom.js";
import * as playlist from "./playlist.js";

const LINKS = /(?:spotify(?::|%3A)(?:user(?::|%3A)[^:%\s]+(?::|%3A))?track(?::|%3A)|\.spotify\.com\/(?:intl-[a-z-]+\/)?(?:embed\/)?(?:user\/[^/\s]+\/)?track\/)([0-9A-Za-z]{22})(?![0-9A-Za-z])/gi;

const input = byId("search");
const list = byId("found");
let tracks = [];
let chosen = -1;
let asking = new AbortController();
let report = () => {};

function close() {
  tracks = [];
  chosen = -1;
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function choose(index) {
  chosen = index;
  [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  if (index < 0) input.removeAttribute("aria-activedescendant");
  else {
    input.setAttribute("aria-activedescendant", `found-${index}`);
    list.children[index].scrollIntoView({ block: "nearest" });
  }
}

function show(found) {
  tracks = found;
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  if (!found.length) {
    list.replaceChildren(make("li", { class: "nothing", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing found"));
    choose(-1);
    say("Nothing found.");
    return;
  }
  list.replaceChildren(...found.map((track, index) =>
    make("li", {
      id: `found-${index}`, role: "option", "aria-selected": "false",
      onmousemove: () => { if (chosen !== index) choose(index); },
      // Before the input loses the focus, which would close the list.
      onpointerdown: (event) => event.preventDefault(),
      onclick: () => take(index),
    }, names(track))));
  choose(0);
  say(plural(found.length, "track"));
}

function take(index) {
  if (!tracks[index]) return;
  playlist.add([tracks[index]]);
  input.value = "";
  close();
  input.focus();
}

const ask = debounce(120, async (text) => {
  asking.abort();
  asking = new AbortController();
  try {
    const found = (await api.search(text, asking.signal)).tracks.filter((track) => !playlist.has(track.uri));
    if (input.value.trim() === text && document.activeElement === input) show(found);
  } catch (error) {
    if (error.name !== "AbortError") report(error);
  }
});

/** Takes every link and URI out of a text; returns whether there was one. */
function takeLinks(text) {
  const uris = [...text.matchAll(LINKS)].map((found) => `spotify:track:${found[1]}`);
  if (!uris.length) return false;
  input.value = "";
  close();
  api.describe(uris.slice(0, playlist.MAX_TRACKS)).then((found) => playlist.add(found.tracks), report);
  return true;
}

function onInput() {
  const text = input.value.trim();
  if (!text) return close();
  if (!takeLinks(text)) ask(text);
}

function onKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && tracks.length) {
    event.preventDefault();
    choose((chosen + step + tracks.length) % tracks.length);
  } else if (event.key === "Enter" && tracks.length) {
    event.preventDefault();
    take(chosen);
  } else if (event.key === "Escape") {
    if (list.hidden) input.value = "";
    close();
  }
}

/** Brings the search to life; failures go to `onError`. */
export function start(onError) {
  report = onError;
  input.addEventListener("input", onInput);
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", close);
  input.addEventListener("focus", onInput);
  input.addEventListener("paste", (event) => {
    if (takeLinks(event.clipboardData?.getData("text") || "")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
  });
}

export function describe(catalogue) {
  const size = plural(catalogue.tracks, "track");
  byId("search-hint").textContent = catalogue.complete
    ? `${size} to search. Links and URIs can be pasted.`
    : `${size} to search so far. Links and URIs of any track can be pasted.`;
}
