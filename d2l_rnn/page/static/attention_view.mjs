/** Where a decoder looked: as lines between two sentences, and as a map. */
import { drawn, element } from "./elements.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "attention map": [
    "Attention: a source token a column, a step of the decoder a row; rows sum to one",
    "注意力：每列一个源词元，每行解码器的一步；各行之和为一",
  ],
  "attention lines": [
    "Attention as lines from the source, left, to the translation, right",
    "注意力连线：左为源句，右为译文",
  ],
});

const LINE_HEIGHT = 30;
const SOURCE_END = 130;
const TARGET_START = 250;
const LINES_WIDTH = 380;

/**
 * @typedef {object} Attended
 * @property {string[]} source
 * @property {string[]} target
 * @property {number[][]} weights a row each token of the target
 * @property {number} step the row that is looked at
 */

/**
 * @param {Attended} attended
 * @returns {Element}
 */
export function attentionLines({ source, target, weights, step }) {
  const height = LINE_HEIGHT * Math.max(source.length, target.length) + 8;
  const y = (/** @type {number} */ place) => LINE_HEIGHT * place + LINE_HEIGHT / 2 + 4;
  const svg = drawn("svg", {
    class: "fixed",
    width: LINES_WIDTH,
    height,
    viewBox: `0 0 ${LINES_WIDTH} ${height}`,
    role: "img",
  });
  say(svg, "attention lines", {}, "aria-label");
  weights.forEach((row, k) => {
    if (k > step) return;
    row.forEach((weight, s) => {
      const share = Math.min(Math.abs(weight), 1);
      if (share < 0.01) return;
      const line = drawn("line", {
        x1: SOURCE_END + 8,
        y1: y(s),
        x2: TARGET_START - 8,
        y2: y(k),
      });
      line.setAttribute("class", k === step ? "attends now" : "attends");
      line.setAttribute("stroke-width", String(1 + 7 * share));
      line.setAttribute(
        "stroke-opacity",
        String((k === step ? 1 : 0.35) * (0.15 + 0.85 * share)),
      );
      svg.append(line);
    });
  });
  const ends = { x: SOURCE_END, "text-anchor": "end", "dominant-baseline": "middle" };
  source.forEach((token, s) => svg.append(drawn("text", { ...ends, y: y(s) }, token)));
  target.forEach((token, k) => {
    const text = drawn(
      "text",
      { x: TARGET_START, y: y(k), "dominant-baseline": "middle" },
      token,
    );
    text.setAttribute("class", k === step ? "now" : k > step ? "later" : "");
    svg.append(text);
  });
  return svg;
}

/**
 * @param {Attended} attended
 * @param {(step: number) => void} choose
 */
export function attentionMap({ source, target, weights, step }, choose) {
  const corner = element("td");
  const head = element(
    "tr",
    {},
    corner,
    ...source.map((token) => element("th", { scope: "col" }, token)),
  );
  const rows = weights.map((row, k) => {
    const cells = row.map((weight) => {
      const cell = element("td", {}, weight.toFixed(2));
      cell.style.setProperty(
        "--strength",
        `${(100 * Math.min(Math.abs(weight), 1)).toFixed(1)}%`,
      );
      if (weight > 0.55) cell.classList.add("strong");
      return cell;
    });
    const line = element("tr", { class: k === step ? "now" : "" });
    line.append(element("th", { scope: "row" }, target[k]), ...cells);
    line.addEventListener("click", () => choose(k));
    return line;
  });
  const caption = element("caption", { say: "attention map" });
  return element(
    "table",
    { class: "attention-map" },
    caption,
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}
