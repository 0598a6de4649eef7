/** A net that draws pixel by pixel, row by row (docs/pixels.md). */
import { logSoftmax } from "./arrays.mjs";
import { chosen } from "./decode.mjs";
import { readToken } from "./network.mjs";

/** @typedef {import("./network.mjs").Network} Network */

/**
 * A picture that is being drawn.
 *
 * @typedef {object} Drawing
 * @property {number[]} levels of its pixels so far
 * @property {import("./network.mjs").Step} step the last that was read
 * @property {Float32Array} logProbs of the level of the pixel that is due
 * @property {number} logLikelihood of the pixels so far, in nats
 */

/**
 * An empty picture: the token of its class was read.
 *
 * @param {Network} net that scores levels, and reads these and, after them, classes
 * @param {number} label
 * @returns {Drawing}
 */
export function emptyDrawing(net, label) {
  const step = readToken(net, net.b_q.length + label, null);
  return { levels: [], step, logProbs: logSoftmax(step.scores), logLikelihood: 0 };
}

/**
 * Draw one more pixel; the picture is changed.
 *
 * @param {Network} net
 * @param {Drawing} drawing
 * @param {number} level
 */
export function drawPixel(net, drawing, level) {
  drawing.levels.push(level);
  drawing.logLikelihood += drawing.logProbs[level];
  drawing.step = readToken(net, level, drawing.step);
  drawing.logProbs = logSoftmax(drawing.step.scores);
}

/**
 * A picture that begins with given pixels.
 *
 * @param {Network} net
 * @param {number} label
 * @param {number[]} given levels
 * @returns {Drawing}
 */
export function begunDrawing(net, label, given) {
  const drawing = emptyDrawing(net, label);
  for (const level of given) drawPixel(net, drawing, level);
  return drawing;
}

/**
 * Draw some more pixels.
 *
 * @param {Network} net
 * @param {Drawing} drawing
 * @param {number} count
 * @param {number | null} temperature null: each the likeliest
 * @param {() => number} random
 */
export function drawOn(net, drawing, count, temperature, random) {
  for (let k = 0; k < count; k++) {
    drawPixel(
      net,
      drawing,
      chosen(drawing.logProbs, { temperature, topK: null }, random),
    );
  }
}

/**
 * What given pixels are taken for: `P(class | pixels)` by Bayes' rule, where all classes
 * are equally likely before.
 *
 * @param {Network} net
 * @param {number} numClasses
 * @param {number[]} given levels
 * @returns {number[]} a class each; they sum to one
 */
export function classesGiven(net, numClasses, given) {
  const logLikelihoods = Float32Array.from({ length: numClasses }, (_, label) => {
    return begunDrawing(net, label, given).logLikelihood;
  });
  return Array.from(logSoftmax(logLikelihoods), Math.exp);
}
