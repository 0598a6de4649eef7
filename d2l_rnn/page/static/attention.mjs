/** Attention over the tokens of one sentence (book Section 10.3). */
import { multiply, norm } from "./arrays.mjs";

/**
 * @typedef {object} AttentionFacts
 * @property {string} score "additive", "dot", "dot-unscaled", "cosine" or "bilinear"
 * @property {boolean} normalise false: the scores themselves are the weights
 */

/** @typedef {Record<string, Float32Array>} AttentionArrays by the block's own names */

const UNIT_EPSILON = 1e-12;

/** @param {Float32Array} x */
function unitOf(x) {
  const length = Math.sqrt(norm(x) ** 2 + UNIT_EPSILON);
  return x.map((value) => value / length);
}

/**
 * @param {Float32Array} W (rows, x.length)
 * @param {Float32Array} x
 */
function productOf(W, x) {
  const out = new Float32Array(W.length / x.length);
  multiply(W, x, out);
  return out;
}

/**
 * What the score needs of the keys, which are the values.
 *
 * @param {AttentionFacts} facts
 * @param {AttentionArrays} arrays
 * @param {Float32Array[]} values a source token each, (num_hiddens)
 * @returns {Float32Array[]}
 */
export function keysOf({ score }, arrays, values) {
  if (score === "additive")
    return values.map((x) => productOf(arrays["W_k.weight"], x));
  if (score === "bilinear") return values.map((x) => productOf(arrays["W.weight"], x));
  return score === "cosine" ? values.map(unitOf) : values;
}

/**
 * @param {AttentionFacts} facts
 * @param {AttentionArrays} arrays
 * @param {Float32Array} query (num_hiddens)
 * @param {Float32Array[]} keys
 * @returns {number[]}
 */
function attentionScores({ score }, arrays, query, keys) {
  if (score === "additive") {
    const asked = productOf(arrays["W_q.weight"], query);
    const w_v = arrays["w_v.weight"];
    return keys.map((key) =>
      key.reduce((sum, value, j) => sum + w_v[j] * Math.tanh(value + asked[j]), 0),
    );
  }
  const asked = score === "cosine" ? unitOf(query) : query;
  let factor = 1;
  if (score === "dot") factor = 1 / Math.sqrt(query.length);
  if (score === "cosine") factor = Math.exp(arrays["sharpen.log_sharpness"][0]);
  return keys.map(
    (key) => factor * key.reduce((sum, value, j) => sum + value * asked[j], 0),
  );
}

/**
 * Weights of the source tokens under a query, and the context that they make.
 *
 * @param {AttentionFacts} facts
 * @param {AttentionArrays} arrays
 * @param {Float32Array} query (num_hiddens)
 * @param {Float32Array[]} keys of `keysOf`
 * @param {Float32Array[]} values
 * @param {number} numValid tokens that are no padding; the others have no weight
 * @returns {{weights: Float32Array, context: Float32Array}}
 */
export function attend(facts, arrays, query, keys, values, numValid) {
  const scores = attentionScores(facts, arrays, query, keys.slice(0, numValid));
  const weights = new Float32Array(keys.length);
  if (facts.normalise) {
    const largest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    weights.set(powers.map((power) => power / total));
  } else weights.set(scores);
  const context = new Float32Array(values[0].length);
  for (let i = 0; i < numValid; i++) {
    for (let j = 0; j < context.length; j++) context[j] += weights[i] * values[i][j];
  }
  return { weights, context };
}
