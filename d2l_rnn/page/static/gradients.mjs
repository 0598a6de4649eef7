/**
 * The backward pass through time: how a prediction depends on each earlier token.
 *
 * With x_s the one-hot vector (or embedding) of the token at s and p the softmax of the
 * scores after place t, the gradient of log p(token) by the scores is
 * `one_hot(token) - p`; it goes back through the layers and through time, and reaches
 * x_s as `W_x^T dz_s`.
 */
import { logSoftmax, multiplyBack } from "./arrays.mjs";
import { goBack } from "./cells.mjs";

/** @typedef {import("./network.mjs").Network} Network */
/** @typedef {import("./network.mjs").Step} Step */

/**
 * The gradient of a token's log-probability by the scores.
 *
 * @param {Float32Array} scores
 * @param {number} token
 * @returns {Float32Array} (vocab_size)
 */
export function scoreGradient(scores, token) {
  const gradient = logSoftmax(scores).map((logProb) => -Math.exp(logProb));
  gradient[token] += 1;
  return gradient;
}

/**
 * Back through all steps.
 *
 * @param {Network} net
 * @param {Step[]} steps from the first token on
 * @param {Map<number, Float32Array>} byScores gradients by the scores of some places
 * @param {boolean} cut whether states carry nothing back, as where each step found an
 *   empty one
 * @returns {Float32Array[][]} for each place, of each direction of the lowest layer, the
 *   gradient by `W_x x + b`, (gates * h)
 */
export function backward(net, steps, byScores, cut = false) {
  const directions = net.layers[0].length;
  const { h } = net.layers[0][0];
  /** @type {Float32Array[][]} */
  const found = [];
  /** @type {{dH: Float32Array, dC: Float32Array}[][]} */
  const carried = net.layers.map((cells) => cells.map(() => nothing(h)));
  for (let t = steps.length - 1; t >= 0; t--) {
    const above = new Float32Array(directions * h);
    const byScore = byScores.get(t);
    if (byScore) multiplyBack(net.W_q, byScore, above);
    /** @type {Float32Array[]} */
    let lowest = [];
    let fromAbove = above;
    for (let layer = net.layers.length - 1; layer >= 0; layer--) {
      const cells = net.layers[layer];
      const below = new Float32Array(layer ? directions * h : 0);
      lowest = cells.map((cell, d) => {
        const { dH, dC } = carried[layer][d];
        for (let k = 0; k < h; k++) dH[k] += fromAbove[d * h + k];
        const back = goBack(cell, steps[t].cells[layer][d], dH, dC);
        if (layer) multiplyBack(cell.W_x, back.dz, below);
        carried[layer][d] = cut
          ? nothing(h)
          : { dH: back.dH, dC: cellGradient(back.dC, h) };
        return back.dz;
      });
      fromAbove = below;
    }
    found[t] = lowest;
  }
  return found;
}

/** @param {number} h */
function nothing(h) {
  return { dH: new Float32Array(h), dC: new Float32Array(h) };
}

/**
 * @param {Float32Array} dC
 * @param {number} h
 */
function cellGradient(dC, h) {
  return dC.length ? dC : new Float32Array(h);
}

/**
 * The gradient by the input itself.
 *
 * @param {Network} net
 * @param {Float32Array[]} dz of each direction
 * @returns {Float32Array} (inputs of the lowest layer)
 */
export function inputGradient(net, dz) {
  const [first] = net.layers[0];
  const gradient = new Float32Array(first.W_x.length / first.b.length);
  net.layers[0].forEach((cell, d) => multiplyBack(cell.W_x, dz[d], gradient));
  return gradient;
}
