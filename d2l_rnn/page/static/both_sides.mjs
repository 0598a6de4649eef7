/**
 * Nets that read a text from both sides (book Section 9.4): the language model that is
 * none, and the net that fills blanks.
 */
import { logSoftmax, multiply, multiplyBack, norm } from "./arrays.mjs";
import { stackOf, joined, tableOf } from "./network.mjs";
import { readSequence, sequenceBack } from "./sequences.mjs";

/** @typedef {import("./cells.mjs").Cell} Cell */
/** @typedef {import("./network.mjs").Network} Network */

/**
 * Layers that read a text in one order, or in both.
 *
 * @typedef {object} TextStack
 * @property {Cell[][]} layers
 * @property {Float32Array[]} tables of the lowest layer's directions
 * @property {boolean} reversed whether layers of one direction read backward
 * @property {number} distance how many steps after the last token that it has read it
 *   speaks: -1, 0 or 1
 */

/**
 * @typedef {object} BothSides
 * @property {TextStack[]} stacks whose states stand side by side before the scores
 * @property {Float32Array} W_q (vocab_size, width)
 * @property {Float32Array} b_q (vocab_size)
 */

/**
 * A text that was read.
 *
 * @typedef {object} TextReading
 * @property {Float32Array[]} logProbs a position each, (vocab_size)
 * @property {import("./sequences.mjs").SequencePass[]} passes of each stack
 */

/**
 * A bidirectional language model, read as it was trained: whole texts at once. The
 * scores at a position are about the token that follows, which the backward layers have
 * read already.
 *
 * @param {Network} net
 * @returns {BothSides}
 */
export function wholeTextsOf(net) {
  const stack = {
    layers: net.layers,
    tables: net.tables,
    reversed: false,
    distance: 0,
  };
  return { stacks: [stack], W_q: net.W_q, b_q: net.b_q };
}

/**
 * The net of a cloze run: `P(x_t | all others) = softmax(W [f_{t-1}, b_{t+1}] + c)`.
 *
 * @param {{forwards: import("./network.mjs").StackFacts,
 *   backwards: import("./network.mjs").StackFacts, distance: number}} facts
 * @param {import("./kinds.mjs").Arrays} arrays of `BothSidesNet.named()`
 * @returns {BothSides}
 */
export function clozeNetOf(facts, arrays) {
  const embedding = arrays["embedding.weight"];
  const forwards = stackOf(facts.forwards, arrays, "forward_stack");
  const backwards = stackOf(facts.backwards, arrays, "backward_stack");
  return {
    stacks: [forwards, backwards].map((layers, k) => ({
      layers,
      tables: [tableOf(layers[0][0], embedding)],
      reversed: k === 1,
      distance: k === 1 ? -facts.distance : facts.distance,
    })),
    W_q: arrays["dense.weight"],
    b_q: arrays["dense.bias"],
  };
}

/**
 * @param {BothSides} net
 * @param {number[]} ids
 * @returns {TextReading}
 */
export function readText(net, ids) {
  const passes = net.stacks.map(({ layers, tables, reversed }) =>
    readSequence(layers, tables, ids, reversed),
  );
  const logProbs = ids.map((_, t) => {
    const states = joined(
      passes.map(({ outputs }, k) => {
        // Beyond the first token the states are zero.
        return (
          outputs[t - net.stacks[k].distance] ?? new Float32Array(outputs[0].length)
        );
      }),
    );
    const scores = net.b_q.slice();
    multiply(net.W_q, states, scores, true);
    return logSoftmax(scores);
  });
  return { logProbs, passes };
}

/**
 * How much each position moves a prediction: the norm of the gradient of its
 * log-probability by what the net reads there.
 *
 * @param {BothSides} net
 * @param {TextReading} reading
 * @param {number} t position of the scores
 * @param {number} token that they are asked for
 * @returns {Float32Array} a position each
 */
export function leaning(net, reading, t, token) {
  const numSteps = reading.logProbs.length;
  // By the scores: one-hot of the token minus the probabilities
  const dScores = reading.logProbs[t].map(
    (logProb, k) => Number(k === token) - Math.exp(logProb),
  );
  const width = net.W_q.length / net.b_q.length;
  const dStates = new Float32Array(width);
  multiplyBack(net.W_q, dScores, dStates);
  const own = width / net.stacks.length;
  /** @type {Float32Array[]} */
  const total = [];
  net.stacks.forEach(({ layers, distance }, k) => {
    /** @type {(Float32Array | null)[]} */
    const dOutputs = new Array(numSteps).fill(null);
    const at = t - distance;
    if (at >= 0 && at < numSteps)
      dOutputs[at] = dStates.subarray(k * own, (k + 1) * own);
    sequenceBack(layers, reading.passes[k], dOutputs).forEach((d, s) => {
      if (total[s]) d.forEach((value, i) => (total[s][i] += value));
      else total[s] = d;
    });
  });
  return Float32Array.from(total, norm);
}

const MOST_SWEEPS = 20;

/**
 * Fill each blank with its likeliest token, given the text and the other blanks, again
 * and again until none changes (iterated conditional modes); they begin with the
 * commonest token, and the unknown one is never filled in. As `fill` of
 * d2l_rnn/generation/filling.py.
 *
 * @param {(ids: number[]) => ArrayLike<number>[]} probabilities of every position given
 *   all others
 * @param {number[]} ids what stands in a blank does not matter
 * @param {number[]} blanks their positions
 * @param {number} unknown
 * @param {number} numBest
 * @returns {{ids: number[], best: [number, number][][], sweeps: number[][]}} ids filled
 *   in; of each blank the likeliest tokens with their probabilities; what stood in the
 *   blanks after each sweep
 */
export function fillBlanks(probabilities, ids, blanks, unknown, numBest = 5) {
  const row = ids.slice();
  for (const blank of blanks) row[blank] = 1;
  /** @type {number[][]} */
  const sweeps = [];
  /** @type {[number, number][][]} */
  let best = [];
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    const before = row.slice();
    best = blanks.map((blank) => {
      const given = Array.from(probabilities(row)[blank]);
      given[unknown] = 0;
      const order = Array.from(given.keys());
      order.sort((a, b) => given[b] - given[a] || a - b);
      row[blank] = order[0];
      return order.slice(0, numBest).map((token) => [token, given[token]]);
    });
    sweeps.push(blanks.map((blank) => row[blank]));
    if (blanks.length < 2 || row.every((id, t) => id === before[t])) break;
  }
  return { ids: row, best, sweeps };
}
