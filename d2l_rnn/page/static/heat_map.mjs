/** A matrix as cells of colour: a place a row, a unit a column. */
import { colour, element } from "./elements.mjs";
import { visible } from "./reading.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "heat map": [
    "Values of all units, a token a row: blue is positive, orange negative. The number field and the list beside it choose a unit too.",
    "所有单元的值，每个词元一行：蓝色为正，橙色为负。也可以用旁边的数字框和列表选择单元。",
  ],
});

/** Pixels of a row. */
const ROW = 14;

/** The picture, and what is chosen in it. */
export class HeatMap {
  /** @param {(place: number, unit: number) => void} chosen called by the pointer */
  constructor(chosen) {
    this.canvas = element("canvas", { role: "img" });
    say(this.canvas, "heat map", {}, "aria-label");
    this.letters = element("div", { class: "heat-letters", "aria-hidden": "true" });
    this.column = element("div", { class: "heat-column" });
    this.row = element("div", { class: "heat-row" });
    const cells = element(
      "div",
      { class: "heat-cells" },
      this.canvas,
      this.column,
      this.row,
    );
    this.element = element(
      "div",
      { class: "heat", tabindex: 0, role: "group" },
      this.letters,
      cells,
    );
    say(this.element, "heat map", {}, "aria-label");
    this.width = 1;
    this.canvas.addEventListener("click", (event) => {
      const unit = Math.floor((event.offsetX / this.canvas.clientWidth) * this.width);
      chosen(
        Math.floor(event.offsetY / ROW),
        Math.min(Math.max(unit, 0), this.width - 1),
      );
    });
  }

  /**
   * @param {Float32Array} values (places, width)
   * @param {number} width
   * @param {string[]} letters
   */
  draw(values, width, letters) {
    this.width = width;
    const places = values.length / width;
    if (!places) return;
    this.canvas.width = width;
    this.canvas.height = places;
    this.canvas.style.height = `${places * ROW}px`;
    this.letters.replaceChildren(
      ...letters.slice(0, places).map((one) => element("div", {}, visible(one))),
    );
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const picture = context.createImageData(width, places);
    const [positive, negative, ground] = ["--ours", "--c1", "--card"].map(channels);
    const largest = values.reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      1e-9,
    );
    values.forEach((value, k) => {
      const share = Math.abs(value) / largest;
      const full = value < 0 ? negative : positive;
      for (let c = 0; c < 3; c++) {
        picture.data[4 * k + c] = ground[c] + (full[c] - ground[c]) * share;
      }
      picture.data[4 * k + 3] = 255;
    });
    context.putImageData(picture, 0, 0);
  }

  /**
   * @param {number} unit
   * @param {number | null} place
   */
  mark(unit, place) {
    this.column.style.left = `${(100 * (unit + 0.5)) / this.width}%`;
    this.row.hidden = place === null;
    this.row.style.top = `${(place ?? 0) * ROW}px`;
  }
}

/** @param {string} name of a colour `#rrggbb` of the style sheet */
function channels(name) {
  const text = colour(name);
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}
