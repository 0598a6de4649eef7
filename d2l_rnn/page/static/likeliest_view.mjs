/** What the net expected at a place: the five likeliest tokens, as bars. */
import { element } from "./elements.mjs";
import { lettersOf, visible } from "./reading.mjs";
import { textOf } from "./text.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "likeliest next": ["Likeliest next", "接下来最可能的"],
  "likeliest here": ["Likeliest in the place of {letters}", "在 {letters} 处最可能的"],
  "nothing before": ["Nothing stands before {letters}", "{letters} 前面什么也没有"],
});

/**
 * @param {import("./panels.mjs").RunOnPage} run
 * @returns {HTMLElement}
 */
export function likeliestView(run) {
  const text = textOf(run);
  const title = element("h3");
  const bars = element("ol", { class: "bars" });

  function show() {
    const place = text.chosen === null ? null : text.places[text.chosen];
    const letters = place ? visible(place.letters) : "";
    if (!place) say(title, "likeliest next");
    else
      say(title, place.best.length ? "likeliest here" : "nothing before", { letters });
    const best = place ? place.best : text.next;
    const rows = best.map(([token, p]) =>
      barOf(lettersOf(token, text.reading), p, token === place?.token),
    );
    if (place && place.best.length && !best.some(([token]) => token === place.token)) {
      rows.push(barOf(place.letters, place.probability ?? 0, true));
    }
    bars.replaceChildren(...rows);
  }

  run.on("text", show);
  run.on("place", show);
  return element("div", { class: "likeliest" }, title, bars);
}

/**
 * @param {string} letters
 * @param {number} probability
 * @param {boolean} stands whether it is what stands there
 */
function barOf(letters, probability, stands) {
  const bar = element("span", { class: "bar-of" });
  bar.style.setProperty("--strength", `${(100 * probability).toFixed(1)}%`);
  const name = element("b", {}, visible(letters));
  const value = element("span", { class: "number" }, probability.toFixed(3));
  return element("li", stands ? { class: "stands" } : {}, name, bar, value);
}
