// One continuation: which version answers, and its ranked tracks.

import * as api from "./api.js";
import { make, names, plural, spoken } from "./dom.js";
import * as playlist from "./playlist.js";

const STEP = 20;

/** Three digits of the largest score, and as many decimals for all of them. */
function decimals(scores) {
  const largest = Math.max(...scores.map(Math.abs), 1e-6);
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(largest))));
}

/** Ranks by URI, as they would be without the tracks that have been added since. */
function ranks(tracks) {
  return new Map(tracks.filter((track) => !playlist.has(track.uri)).map((track, index) => [track.uri, index + 1]));
}

/** How many of the playlist's tracks the model knows, and what its scores are. */
function meaning({ seeds, seeds_known: known, scores }) {
  const told = seeds && known !== null ? `${known} of ${plural(seeds, "track")} known by the model. ` : "";
  return scores ? `${told}Scores: ${scores}.` : told;
}

export class Panel {
  /** `onError` gets what went wrong, null where nothing did; `onAnswer` is called after each answer. */
  constructor({ onError, onAnswer }) {
    this.onError = onError;
    this.onAnswer = onAnswer;
    this.version = null; // of a number as text; null for the latest
    this.tracks = [];
    this.other = null; // the panel that this one is compared with
    this.shown = STEP;
    this.before = null; // ranks by URI in the answer before, where there is one to compare with
    this.anew = true; // whether the next answer starts anew
    this.asking = new AbortController();
    this.select = make("select", { "aria-label": "Version", onchange: () => this.changeVersion() });
    this.answered = make("span", { class: "answered" });
    this.meaning = make("p", { class: "hint meaning" });
    this.list = make("ol", { class: "songs" });
    this.more = make("button", { type: "button", class: "plain more", hidden: true, onclick: () => this.showMore() }, "Show more");
    this.element = make("div", { class: "panel" }, make("div", { class: "about" }, this.select, this.answered), this.meaning, this.list, this.more);
    this.offer([]);
  }

  offer(versions) {
    const option = (value, text) => make("option", { value, selected: value === (this.version ?? "") }, text);
    this.select.replaceChildren(
      option("", "Latest version"),
      ...versions.map(({ version, labels }) => option(version, [...labels, version].join(" · "))));
    this.select.value = this.version ?? "";
    if (this.select.selectedIndex < 0) { // it is gone from the server
      this.version = null;
      this.select.value = "";
      return true;
    }
    return false;
  }

  changeVersion() {
    this.version = this.select.value || null;
    this.anew = true;
    this.refresh();
  }

  async refresh() {
    this.asking.abort();
    const asking = this.asking = new AbortController();
    this.element.setAttribute("aria-busy", "true");
    try {
      const answer = await api.continuePlaylist(playlist.playlist(), this.version, asking.signal);
      this.before = this.anew ? null : ranks(this.tracks);
      this.anew = false;
      this.tracks = answer.tracks;
      this.answered.textContent = `${this.version === null ? `${answer.version}, ` : ""}${Math.max(1, Math.round(answer.milliseconds))} ms`;
      this.meaning.textContent = meaning(answer);
      this.onError(null);
      this.onAnswer(this);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.onError(error);
    }
    if (this.asking === asking) this.element.removeAttribute("aria-busy");
  }

  showMore() {
    const first = this.shown;
    this.shown += STEP;
    this.render();
    this.list.children[first]?.querySelector("button").focus();
  }

  render() {
    const positive = this.tracks.every((track) => track.score >= 0);
    const most = Math.max(...this.tracks.map((track) => track.score), 0);
    const format = { minimumFractionDigits: 0, maximumFractionDigits: decimals(this.tracks.map((track) => track.score)) };
    if (!this.tracks.every((track) => Number.isInteger(track.score))) format.minimumFractionDigits = format.maximumFractionDigits;
    this.numbers = new Intl.NumberFormat("en", format);
    const focused = this.list.contains(document.activeElement)
      ? [...this.list.children].findIndex((row) => row.contains(document.activeElement)) : -1;
    this.list.replaceChildren(...this.tracks.slice(0, this.shown).map((track) => this.row(track, positive && most > 0 ? track.score / most : null)));
    if (!this.tracks.length) this.list.append(make("li", { class: "nothing" }, "Nothing is left to recommend."));
    this.more.hidden = this.shown >= this.tracks.length;
    // Whoever adds tracks by keyboard goes on at the same rank.
    if (focused >= 0) this.list.children[Math.min(focused, this.list.children.length - 1)].querySelector("button")?.focus();
  }

  row(track, share) {
    const move = this.move(track);
    const meter = share === null ? [] : [make("span", { class: "meter", "aria-hidden": "true" })];
    meter.forEach((bar) => bar.style.setProperty("--share", Math.min(1, share).toFixed(3)));
    return make("li", { class: move.fresh ? "song fresh" : "song", "data-uri": track.uri },
      make("span", { class: "rank", "aria-hidden": "true" }, String(track.rank)),
      names(track),
      make("span", { class: `move ${move.kind}`, title: move.meaning }, make("span", { "aria-hidden": "true" }, move.text), make("span", { class: "unseen" }, move.meaning)),
      make("span", { class: "score", title: `Score ${track.score}` }, this.numbers.format(track.score), ...meter),
      make("button", { class: "round", type: "button", "aria-label": `Add ${spoken(track)}`, onclick: () => playlist.add([track]) }, "+"));
  }

  /** How a track stands to the other version's answer, or else to the answer before. */
  move(track) {
    if (this.other) {
      const there = this.other.tracks.find((other) => other.uri === track.uri)?.rank;
      if (!there) return { kind: "new", text: "only here", meaning: `not among the other version's first ${this.other.tracks.length}` };
      if (there === track.rank) return { kind: "", text: "=", meaning: "same rank in the other version" };
      return { kind: "", text: `#${there}`, meaning: `rank ${there} in the other version` };
    }
    if (!this.before) return { kind: "", text: "", meaning: "" };
    const was = this.before.get(track.uri);
    if (!was) return { kind: "new", text: "new", meaning: "new among the first 100", fresh: true };
    const by = was - track.rank;
    if (by > 0) return { kind: "up", text: `▲ ${by}`, meaning: `up ${plural(by, "place")}` };
    if (by < 0) return { kind: "", text: `▼ ${-by}`, meaning: `down ${plural(-by, "place")}` };
    return { kind: "", text: "", meaning: "" };
  }
}
