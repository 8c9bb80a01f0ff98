// Small helpers around the document. Texts are only ever set as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `make("li", {class: "song", "data-uri": uri}, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Title over artist; a track without names shows what its URI ends in. */
export function names(track) {
  const title = track.title || track.uri.split(":").pop();
  return make("span", { class: "names" }, title, make("small", {}, track.artist || "unknown artist"));
}

export const spoken = (track) =>
  track.artist ? `${track.title || track.uri} by ${track.artist}` : track.title || track.uri;

let speaking;

/** Tells users of screen readers what has changed. */
export function say(text) {
  clearTimeout(speaking);
  // A moment apart, so that what is said last is heard.
  speaking = setTimeout(() => { byId("live").textContent = text; }, 150);
}

export function debounce(milliseconds, run) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds, ...values);
  };
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
