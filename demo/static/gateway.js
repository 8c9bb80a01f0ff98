// What the gateway recommends to one of the sample's listeners, where there is a gateway.

import * as api from "./api.js";
import { byId, make, names, plural, say, spoken } from "./dom.js";
import * as playlist from "./playlist.js";

const SOURCES = {
  model: "the model",
  other_version: "another version",
  published: "the day's published list",
  popular: "what is popular",
};

let onError;
let asking = new AbortController();

/** What the gateway made of the listener, as terms and what they are. */
function facts(answer) {
  const told = [
    ["Segment", answer.segment],
    ["Arm", answer.experiment ? `${answer.arm} of ${answer.experiment}` : "in no experiment"],
    ["Answered by", `${SOURCES[answer.served_by] || answer.served_by} (${answer.model_version})`],
  ];
  answer.fallbacks.forEach(({ from, reason }) => told.push(["Did not answer", `${from}: ${reason.replaceAll("_", " ")}`]));
  return told.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
}

function row(track, rank) {
  const named = names(track);
  named.append(make("span", { class: "reason" }, track.reason));
  return make("li", { class: "song", "data-uri": track.uri },
    make("span", { class: "rank", "aria-hidden": "true" }, String(rank)),
    named,
    make("button", { class: "round", type: "button", "aria-label": `Add ${spoken(track)}`, onclick: () => playlist.add([track]) }, "+"));
}

/** Shelves under their titles; ranks go on from one to the next. */
function shelves(tracks) {
  const found = [];
  tracks.forEach((track, index) => {
    if (!found.length || found.at(-1).title !== track.shelf) found.push({ title: track.shelf, rows: [] });
    found.at(-1).rows.push(row(track, index + 1));
  });
  return found.flatMap(({ title, rows }) => [make("h3", {}, title || "Recommended"), make("ol", { class: "songs" }, ...rows)]);
}

async function ask() {
  asking.abort();
  const mine = asking = new AbortController();
  byId("gateway").setAttribute("aria-busy", "true");
  try {
    const { tracks } = playlist.playlist();
    const answer = await api.askGateway(Number(byId("listener").value), byId("surface").value, tracks, mine.signal);
    byId("facts").replaceChildren(...facts(answer));
    byId("shelves").replaceChildren(...shelves(answer.tracks));
    if (!answer.tracks.length) byId("shelves").append(make("p", { class: "nothing" }, "Nothing is left to recommend."));
    say(`${plural(answer.tracks.length, "track")} for the listener, by ${SOURCES[answer.served_by]}.`);
  } catch (error) {
    if (error.name === "AbortError") return;
    onError(error);
  }
  if (asking === mine) byId("gateway").removeAttribute("aria-busy");
}

export async function start(showError) {
  onError = showError;
  try {
    const { listeners, surfaces } = await api.gateway();
    if (!listeners.length) return;
    const told = listeners.map(({ segment }, place) =>
      make("option", { value: place }, `Listener ${place + 1}${segment ? ` · ${segment.replaceAll("_", " ")}` : ""}`));
    byId("listener").replaceChildren(...told);
    byId("surface").replaceChildren(...surfaces.map((name) => make("option", { value: name }, name.replaceAll("_", " "))));
    byId("gateway").hidden = false;
    byId("ask").addEventListener("click", ask);
    ["listener", "surface"].forEach((id) => byId(id).addEventListener("change", ask));
  } catch (error) {
    showError(error);
  }
}
