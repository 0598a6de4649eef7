/**
 * A text, a token a cell: coloured, with one place chosen by pointer or keys.
 *
 * The text can be selected like any other. With the focus on it, the arrow keys choose
 * the next and the last place, Home and End the first and the last.
 */
import { element } from "./elements.mjs";
import { visible } from "./reading.mjs";
import { textOf } from "./text.mjs";
import { registerWords, say, words } from "./words.mjs";

registerWords({
  "the text": [
    "The text, a token a cell; the arrow keys choose one",
    "文本，每格一个词元；用方向键选择",
  ],
  unknown: ["not in the vocabulary: read as <unk>", "不在词表中：当作 <unk> 读入"],
  "place told": [
    "Token {place}, {letters}, had the probability {probability}. The likeliest: {best}.",
    "第 {place} 个词元 {letters} 的概率为 {probability}。最可能的：{best}。",
  ],
  "first told": [
    "Token 1, {letters}: nothing stands before it.",
    "第 1 个词元 {letters}：前面什么也没有。",
  ],
});

/**
 * How a place is coloured: how strongly, 0 to 1, and by which of two colours.
 *
 * @typedef {(place: number) => {strength: number, negative?: boolean}} Colouring
 */

/** A text on the page. */
export class Strip {
  /**
   * @param {import("./panels.mjs").RunOnPage} run
   * @param {Colouring} colouring
   */
  constructor(run, colouring) {
    this.text = textOf(run);
    this.colouring = colouring;
    /** @type {HTMLElement[]} */
    this.cells = [];
    this.due = false;
    this.begun = -1;
    this.said = element("p", { class: "hidden", "aria-live": "polite" });
    this.box = element("div", {
      class: "strip-text",
      tabindex: 0,
      role: "group",
      sayLabel: "the text",
    });
    this.element = element("div", {}, this.box, this.said);
    run.on("text", () => this.draw());
    run.on("place", () => this.mark());
    this.box.addEventListener("pointerover", (event) => this.point(event));
    this.box.addEventListener("click", (event) => this.point(event));
    this.box.addEventListener("keydown", (event) => this.press(event));
  }

  /** Draw what is new, with the next frame. */
  draw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      const { places, begun, reading } = this.text;
      if (begun !== this.begun || places.length < this.cells.length) {
        this.begun = begun;
        this.cells = [];
        this.box.replaceChildren();
      }
      for (let k = this.cells.length; k < places.length; k++) {
        const cell = element("span", { "data-place": k });
        const letters = places[k].letters;
        cell.textContent = letters + (reading.ofWords ? " " : "");
        if (places[k].typed) cell.classList.add("typed");
        if (places[k].unknown) {
          cell.classList.add("unknown");
          say(cell, "unknown", {}, "title");
        }
        this.cells.push(cell);
        this.box.append(cell);
      }
      this.paint();
      this.mark();
    });
  }

  /** Colour all places. */
  paint() {
    this.cells.forEach((cell, place) => {
      const { strength, negative } = this.colouring(place);
      cell.style.setProperty("--strength", `${(100 * strength).toFixed(1)}%`);
      cell.classList.toggle("negative", Boolean(negative));
    });
  }

  /** Mark the chosen place. */
  mark() {
    this.box.querySelector(".chosen")?.classList.remove("chosen");
    if (this.text.chosen !== null)
      this.cells[this.text.chosen]?.classList.add("chosen");
  }

  /** @param {Event} event */
  point(event) {
    const cell = /** @type {HTMLElement} */ (event.target).closest("[data-place]");
    if (cell instanceof HTMLElement) this.text.choose(Number(cell.dataset.place));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const last = this.text.places.length - 1;
    const here = this.text.chosen ?? -1;
    /** @type {Record<string, number>} */
    const goals = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: last };
    if (!(event.key in goals) || last < 0 || event.shiftKey) return;
    event.preventDefault();
    this.text.choose(Math.min(Math.max(goals[event.key], 0), last));
    this.said.textContent = tellPlace(this.text, this.text.chosen ?? 0);
  }
}

/**
 * A place in words.
 *
 * @param {import("./text.mjs").RunText} text
 * @param {number} place
 */
export function tellPlace(text, place) {
  const { letters, probability, best } = text.places[place];
  if (probability === null) return words("first told", { letters: visible(letters) });
  return words("place told", {
    place: place + 1,
    letters: visible(letters),
    probability: probability.toFixed(3),
    best: best
      .map(([token, p]) => `${visible(text.reading.vocab[token])} ${p.toFixed(3)}`)
      .join(", "),
  });
}
