/** Pictures of grey levels on canvases, dark where the level is high. */
import { colour, element } from "./elements.mjs";

/** A picture of pixels, some of which may not be there yet. */
export class Picture {
  /**
   * @param {number} height
   * @param {number} width
   * @param {number} numLevels
   * @param {number} scale canvas pixels a pixel
   */
  constructor(height, width, numLevels, scale) {
    this.height = height;
    this.width = width;
    this.numLevels = numLevels;
    this.scale = scale;
    this.canvas = element("canvas", {
      class: "picture",
      width: width * scale,
      height: height * scale,
    });
    /** @type {number[]} */
    this.levels = [];
    /** Pixels from here on are the net's: a line stands between. */
    this.given = 0;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.draw());
  }

  /**
   * @param {number[]} levels row by row, as many as there are so far
   * @param {number} given how many of them were given
   */
  show(levels, given) {
    this.levels = levels;
    this.given = given;
    this.draw();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { scale, width } = this;
    context.globalAlpha = 1;
    context.fillStyle = colour("--card");
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.fillStyle = colour("--text");
    this.levels.forEach((level, place) => {
      context.globalAlpha = level / (this.numLevels - 1);
      const x = (place % width) * scale;
      context.fillRect(x, Math.floor(place / width) * scale, scale, scale);
    });
    context.globalAlpha = 1;
    if (!this.given || this.given >= this.width * this.height) return;
    context.fillStyle = colour("--ours");
    const below = (this.given / width) * scale;
    context.fillRect(0, below - 1, this.canvas.width, 2);
  }
}
