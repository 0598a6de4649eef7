/** Lines over places, as SVG in the report's style. */
import { drawn, element } from "./elements.mjs";
import { say, words } from "./words.mjs";

const HEIGHT = 190;
const LEFT = 44;
const BOTTOM = 34;
const TOP = 8;

/**
 * @typedef {object} Line
 * @property {string} title key of its words
 * @property {ArrayLike<number>} values one a place; not finite: left out
 * @property {number} colour of the style sheet's `.c0` to `.c6`
 */

/**
 * @typedef {object} Axes
 * @property {[number, number]} range of the values
 * @property {[number, string][]} ticks of the values
 * @property {[number, string][]} below ticks of the places
 * @property {string} label key of the words below
 * @property {{from: number, title: string, values: object} | null} beyond places that
 *   are shaded from one on, with words
 */

/**
 * @param {Line[]} lines
 * @param {Axes} axes
 * @param {string} told what the picture shows, for those who do not see it
 * @returns {HTMLElement}
 */
export function chart(lines, axes, told) {
  const WIDTH = window.innerWidth < 700 ? 380 : 760;
  const count = Math.max(2, ...lines.map(({ values }) => values.length));
  const [low, high] = axes.range;
  const x = (/** @type {number} */ place) =>
    LEFT + ((WIDTH - LEFT - 8) * place) / (count - 1);
  const y = (/** @type {number} */ value) =>
    TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const svg = drawn("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": told,
  });
  if (axes.beyond && axes.beyond.from < count - 1) {
    const from = x(axes.beyond.from);
    const height = HEIGHT - TOP - BOTTOM;
    const room = WIDTH - from > 200;
    svg.append(
      drawn("rect", {
        class: "beyond",
        x: from,
        y: TOP,
        width: WIDTH - 8 - from,
        height,
      }),
      drawn("line", { class: "cut", x1: from, x2: from, y1: TOP, y2: TOP + height }),
      drawn(
        "text",
        {
          x: from + (room ? 5 : -5),
          y: TOP + 13,
          "text-anchor": room ? "start" : "end",
        },
        words(axes.beyond.title, { ...axes.beyond.values }),
      ),
    );
  }
  for (const [value, text] of axes.ticks) {
    svg.append(
      drawn("line", {
        class: "grid",
        x1: LEFT,
        x2: WIDTH - 8,
        y1: y(value),
        y2: y(value),
      }),
      drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, text),
    );
  }
  for (const [place, text] of axes.below) {
    const anchor = place > 0.95 * count ? "end" : "middle";
    svg.append(
      drawn("text", { x: x(place), y: HEIGHT - 19, "text-anchor": anchor }, text),
    );
  }
  const middle = LEFT + (WIDTH - LEFT) / 2;
  svg.append(
    drawn(
      "text",
      { x: middle, y: HEIGHT - 3, "text-anchor": "middle" },
      words(axes.label),
    ),
  );
  for (const { values, colour } of lines) {
    const points = Array.from(values, (value, place) =>
      Number.isFinite(value) ? `${x(place).toFixed(1)},${y(value).toFixed(1)}` : "",
    );
    svg.append(
      drawn("polyline", {
        class: `line c${colour}`,
        points: points.filter(Boolean).join(" "),
      }),
    );
  }
  const key = element("figcaption", { class: "key" });
  if (lines.length > 1) {
    for (const { title, colour } of lines) {
      key.append(say(element("span", { class: `c${colour}` }), title));
    }
  }
  return element("figure", {}, svg, key);
}

/**
 * Round places to name below a chart.
 *
 * @param {number} count
 * @returns {[number, string][]}
 */
export function placesBelow(count) {
  const most = window.innerWidth < 700 ? 6 : 12;
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500].find((s) => count / s <= most) ?? 500;
  /** @type {[number, string][]} */
  const ticks = [];
  for (let place = 0; place < count; place += step) ticks.push([place, String(place)]);
  return ticks;
}
