/** A picture that the reader draws: by pointer, or with the arrow keys and the space bar. */
import { element } from "./elements.mjs";
import { Picture } from "./picture.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "sketch here": [
    "Draw here: by pointer, or move with the arrow keys and press the space bar to darken a pixel, Delete to clear it",
    "在此画：用指针，或用方向键移动，空格键加深一个像素，Delete 键清除",
  ],
});

const CANVAS_SIDE = 256;

/** What the reader draws, and where the net takes over. */
export class Sketch {
  /**
   * @param {number} height
   * @param {number} width
   * @param {number} numLevels
   * @param {() => void} changed
   */
  constructor(height, width, numLevels, changed) {
    this.changed = changed;
    const scale = Math.max(1, Math.floor(CANVAS_SIDE / Math.max(height, width)));
    this.picture = new Picture(height, width, numLevels, scale);
    this.levels = new Array(height * width).fill(0);
    this.rows = Math.ceil(height / 2);
    this.cursor = 0;
    const { canvas } = this.picture;
    this.mark = element("i", { class: "sketch-cursor", hidden: true });
    this.cover = element("i", { class: "sketch-cover" });
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    say(canvas, "sketch here", {}, "aria-label");
    this.element = element("div", { class: "sketch" }, canvas, this.cover, this.mark);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) this.stroke(event);
    });
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("focus", () => this.place());
    canvas.addEventListener("blur", () => (this.mark.hidden = true));
    this.draw();
  }

  /** The pixels that the net is given. */
  get given() {
    return this.levels.slice(0, this.rows * this.picture.width);
  }

  /** @param {number} rows */
  take(rows) {
    this.rows = rows;
    this.draw();
  }

  /** @param {number[]} levels of a whole picture */
  set(levels) {
    this.levels = levels.slice();
    this.draw();
  }

  draw() {
    const { picture, rows } = this;
    picture.show(this.levels, 0);
    this.cover.style.setProperty(
      "--share",
      `${(100 * (1 - rows / picture.height)).toFixed(2)}%`,
    );
  }

  /** @param {PointerEvent} event */
  stroke(event) {
    const { canvas, width, height, numLevels } = this.picture;
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const y = ((event.clientY - box.top) / box.height) * height;
    // As wide as a pen: the nearer a pixel's middle, the darker it becomes.
    for (let row = Math.floor(y) - 1; row <= y + 1; row++) {
      for (let column = Math.floor(x) - 1; column <= x + 1; column++) {
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        const away = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        const level = Math.round(
          (numLevels - 1) * Math.min(1, Math.max(0, 1.25 - away)),
        );
        const at = row * width + column;
        this.levels[at] = Math.max(this.levels[at], level);
      }
    }
    this.draw();
    this.changed();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { width, height, numLevels } = this.picture;
    const row = Math.floor(this.cursor / width);
    const column = this.cursor % width;
    /** @type {Record<string, [number, number]>} */
    const moves = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      const to = [row + down, column + right];
      if (to[0] >= 0 && to[0] < height && to[1] >= 0 && to[1] < width) {
        this.cursor = to[0] * width + to[1];
      }
    } else if (event.key === " ") {
      const darker = this.levels[this.cursor] + Math.ceil((numLevels - 1) / 4);
      this.levels[this.cursor] = Math.min(darker, numLevels - 1);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.levels[this.cursor] = 0;
    } else return;
    event.preventDefault();
    this.draw();
    this.place();
    if (!(event.key in moves)) this.changed();
  }

  place() {
    const { width, height } = this.picture;
    this.mark.hidden = false;
    this.mark.style.left = `${(100 * (this.cursor % width)) / width}%`;
    this.mark.style.top = `${(100 * Math.floor(this.cursor / width)) / height}%`;
    this.mark.style.width = `${100 / width}%`;
    this.mark.style.height = `${100 / height}%`;
  }
}
