// Puts the page together.

import * as api from "./api.js";
import { byId, debounce, make, plural, say } from "./dom.js";
import * as files from "./files.js";
import * as gateway from "./gateway.js";
import { Panel } from "./panel.js";
import * as playlist from "./playlist.js";
import * as search from "./search.js";

const FIRST = 20;
const RETRY_MS = 4000;
const FILLING_MS = 1500;
const WATCHING_MS = 15000;

let versions = [];
let comparing = false;
let retrying;
let looking;

const panels = [0, 1].map(() => new Panel({ onError: showError, onAnswer }));
const shownPanels = () => (comparing ? panels : panels.slice(0, 1));
const refresh = () => shownPanels().forEach((panel) => panel.refresh());
const refreshSoon = debounce(250, refresh);

function showError(error) {
  clearTimeout(retrying);
  if (!error) return byId("alert").replaceChildren();
  const text = error instanceof api.ApiError ? error.message : "Something went wrong on this page.";
  if (byId("alert").textContent !== `${text}Try again`) {
    byId("alert").replaceChildren(
      make("p", {}, text),
      make("button", { type: "button", class: "plain", onclick: reload }, "Try again"));
  }
  if (!(error instanceof api.ApiError)) console.error(error);
  retrying = setTimeout(reload, RETRY_MS);
}

function heading() {
  const { tracks } = playlist.playlist();
  if (playlist.title()) return `Continuing “${playlist.title()}”`;
  return tracks.length ? "Continuing your playlist" : "Popular tracks";
}

function onAnswer(panel) {
  byId("results-title").textContent = heading();
  shownPanels().forEach((each) => each.render());
  const overlap = byId("overlap");
  overlap.hidden = !comparing;
  if (comparing) {
    const [one, other] = panels.map((each) => each.tracks.slice(0, FIRST).map((track) => track.uri));
    const common = one.filter((uri) => other.includes(uri)).length;
    const first = Math.max(one.length, other.length);
    overlap.textContent = `${common} of the first ${first} in common. #5 means rank 5 in the other version.`;
    if (panel === panels[1]) say(`${common} of the first ${first} in common.`);
  } else if (panel.before) {
    const fresh = panel.tracks.slice(0, FIRST).filter((track) => !panel.before.has(track.uri)).length;
    say(`${heading()}: first is ${panel.tracks[0]?.title || "nothing"}. ${plural(fresh, "new track")} among the first ${FIRST}.`);
  }
}

function setComparing(on) {
  comparing = on;
  const button = byId("compare");
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? "Stop comparing" : "Compare versions";
  document.querySelector(".columns").classList.toggle("comparing", on);
  panels.forEach((panel, index) => {
    panel.other = on ? panels[1 - index] : null;
    panel.anew = true;
    panel.shown = FIRST;
  });
  if (on) {
    // The version before on the left, the latest on the right, as in a before and after.
    const numbers = versions.map((found) => found.version);
    panels[0].version = numbers[1];
    panels[1].version = numbers[0];
  } else {
    panels[0].version = null;
  }
  panels.forEach((panel) => panel.offer(versions));
  byId("panels").replaceChildren(...shownPanels().map((panel) => panel.element));
  byId("overlap").hidden = !on;
  refresh();
}

async function loadStatus() {
  const status = await api.status();
  const before = versions.map((found) => found.version).join();
  versions = status.versions.filter((found) => found.available);
  search.describe(status.catalogue);
  byId("server").textContent = `Model server: ${status.target}.`;
  byId("compare").hidden = versions.length < 2 && !comparing;
  if (versions.map((found) => found.version).join() !== before) {
    if (comparing && versions.length < 2) setComparing(false);
    else if (panels.map((panel) => panel.offer(versions)).some(Boolean) && before) refresh();
  }
  lookLater(status.catalogue.filling ? FILLING_MS : WATCHING_MS);
}

/** Looks for new versions and tracks; the continuation is what tells whether the server is there. */
function lookLater(milliseconds) {
  clearTimeout(looking);
  looking = setTimeout(() => {
    if (!document.hidden) loadStatus().catch(() => lookLater(WATCHING_MS));
  }, milliseconds);
}

async function reload() {
  try {
    await loadStatus();
    refresh();
  } catch (error) {
    showError(error);
  }
}

playlist.start(() => {
  byId("results-title").textContent = heading();
  refreshSoon();
});
search.start(showError);
files.start(showError);
gateway.start(showError);
byId("compare").addEventListener("click", () => setComparing(!comparing));
byId("panels").append(panels[0].element);
document.addEventListener("visibilitychange", () => { if (!document.hidden) lookLater(0); });
reload();
