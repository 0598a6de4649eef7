/**
 * Tokens side by side and, below each, what a net says of it: a table whose columns can
 * be chosen by pointer or with the arrow keys.
 */
import { element } from "./elements.mjs";
import { visible } from "./reading.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "token grid": [
    "The text, a token a column; the arrow keys choose one",
    "文本，每列一个词元；用方向键选择",
  ],
});

/**
 * @typedef {object} GridCell
 * @property {string} [letters]
 * @property {string} [kind] classes: "right", "wrong", "blank", "own"
 * @property {number} [bar] 0 to 1: a bar in place of letters
 */

/**
 * @typedef {object} GridRow
 * @property {string} title key of its words
 * @property {Record<string, unknown>} [values] of these
 * @property {GridCell[]} cells
 */

/** Rows of cells, a column a token. */
export class TokenGrid {
  /** @param {(place: number) => void} choose is told of a choice */
  constructor(choose) {
    this.choose = choose;
    /** @type {number | null} */
    this.chosen = null;
    this.count = 0;
    this.body = element("tbody");
    this.element = element(
      "div",
      { class: "token-grid", tabindex: 0, role: "group", sayLabel: "token grid" },
      element("table", {}, this.body),
    );
    this.element.addEventListener("click", (event) => {
      const cell = /** @type {Element} */ (event.target).closest("td");
      if (cell) this.take(cell.cellIndex - 1);
    });
    this.element.addEventListener("keydown", (event) => this.press(event));
  }

  /** @param {GridRow[]} rows all of as many cells */
  show(rows) {
    this.count = rows[0].cells.length;
    if (this.chosen !== null && this.chosen >= this.count) this.chosen = null;
    this.body.replaceChildren(...rows.map((row) => rowOf(row)));
    this.mark();
  }

  /** @param {number | null} place */
  take(place) {
    this.chosen = place;
    this.mark();
    if (place !== null) this.choose(place);
  }

  mark() {
    for (const row of this.body.rows) {
      for (const cell of row.cells) {
        cell.classList.toggle("chosen", cell.cellIndex - 1 === this.chosen);
      }
    }
    const cell = this.body.rows[0]?.cells[(this.chosen ?? 0) + 1];
    if (!cell || this.chosen === null) return;
    // What moved an answer stands on both sides of it: some columns of each are seen.
    const { clientWidth, scrollLeft } = this.element;
    const head = this.body.rows[0].cells[0].offsetWidth;
    const margin = Math.min(4 * cell.offsetWidth, (clientWidth - head) / 2);
    const start = cell.offsetLeft - head - margin;
    const end = cell.offsetLeft + cell.offsetWidth + margin - clientWidth;
    if (start < scrollLeft || end > scrollLeft) {
      this.element.scrollLeft = (start + end) / 2;
    }
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const here = this.chosen ?? -1;
    const last = this.count - 1;
    /** @type {Record<string, number>} */
    const goals = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: last };
    if (!(event.key in goals) || last < 0) return;
    event.preventDefault();
    this.take(Math.min(Math.max(goals[event.key], 0), last));
  }
}

/** @param {GridRow} row */
function rowOf({ title, values, cells }) {
  const head = say(element("th", { scope: "row" }), title, values);
  return element(
    "tr",
    {},
    head,
    ...cells.map(({ letters, kind, bar }) => {
      if (bar === undefined)
        return element("td", { class: kind ?? "" }, visible(letters ?? ""));
      const level = element("i");
      level.style.setProperty("--strength", `${(100 * bar).toFixed(1)}%`);
      return element("td", { class: `level ${kind ?? ""}` }, level);
    }),
  );
}
