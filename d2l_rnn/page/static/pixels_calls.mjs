/** What the worker is asked about a net that draws. */
import { randomNumbers } from "./decode.mjs";
import { registerKind } from "./kinds.mjs";
import { networkOf } from "./network.mjs";
import { begunDrawing, classesGiven, drawOn } from "./pixels.mjs";

/**
 * @typedef {object} PainterOnPage
 * @property {import("./network.mjs").Network} net
 * @property {number} numClasses
 * @property {number} numPixels
 * @property {import("./pixels.mjs").Drawing[]} drawings that are being drawn
 * @property {number | null} temperature
 * @property {() => number} random
 */

registerKind(
  "pixels",
  /** @returns {PainterOnPage} */
  (facts, arrays) => {
    const net = networkOf(facts.net, arrays);
    return {
      net,
      numClasses: facts.net.num_classes,
      numPixels: Number(facts.told.height) * Number(facts.told.width),
      drawings: [],
      temperature: 1,
      random: randomNumbers(1),
    };
  },
  {
    /**
     * What given pixels are taken for, a probability each class.
     *
     * @param {PainterOnPage} on
     * @param {{pixels: number[]}} given
     */
    classes({ net, numClasses }, { pixels }) {
      return classesGiven(net, numClasses, pixels);
    },

    /**
     * Begin pictures with given pixels.
     *
     * @param {PainterOnPage} on
     * @param {{labels: number[], pixels: number[], temperature: number | null,
     *   seed: number}} given a picture each label
     */
    begin(on, { labels, pixels, temperature, seed }) {
      on.drawings = labels.map((label) => begunDrawing(on.net, label, pixels));
      on.temperature = temperature;
      on.random = randomNumbers(seed);
      return on.drawings.map(({ levels }) => levels.slice());
    },

    /**
     * Draw on with all pictures.
     *
     * @param {PainterOnPage} on
     * @param {{count: number}} given pixels of each at most
     * @returns {number[][]} the levels of each so far
     */
    drawOn(on, { count }) {
      return on.drawings.map((drawing) => {
        const due = Math.min(count, on.numPixels - drawing.levels.length);
        drawOn(on.net, drawing, due, on.temperature, on.random);
        return drawing.levels.slice();
      });
    },
  },
);
