/** Which token comes next: the likeliest, or one that is drawn. */
import { indexOfLargest } from "./arrays.mjs";

/**
 * @typedef {object} Choice
 * @property {number | null} temperature null: the likeliest token
 * @property {number | null} topK of how many of the likeliest; null: of all
 */

/**
 * Numbers in [0, 1) that look random and are the same for the same seed (xorshift32).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function randomNumbers(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Probabilities sharpened and cut, as `restrict` of d2l_rnn/inference/decoding.py.
 *
 * @param {Float32Array} logProbs (vocab_size)
 * @param {number} temperature
 * @param {number | null} topK
 * @returns {Float64Array} sums to one
 */
export function restricted(logProbs, temperature, topK) {
  const largest = logProbs[indexOfLargest(logProbs)];
  const probs = Float64Array.from(logProbs, (p) =>
    Math.exp((p - largest) / temperature),
  );
  if (topK !== null && topK < probs.length) {
    const kept = new Set(likeliest(logProbs, topK));
    probs.forEach((_, token) => {
      if (!kept.has(token)) probs[token] = 0;
    });
  }
  const total = probs.reduce((sum, p) => sum + p, 0);
  return probs.map((p) => p / total);
}

/**
 * @param {Float32Array} logProbs
 * @param {Choice} choice
 * @param {() => number} random
 * @returns {number} a token
 */
export function chosen(logProbs, choice, random) {
  if (choice.temperature === null) return indexOfLargest(logProbs);
  const probs = restricted(logProbs, choice.temperature, choice.topK);
  let point = random();
  for (let token = 0; token < probs.length; token++) {
    point -= probs[token];
    if (point < 0) return token;
  }
  return indexOfLargest(probs);
}

/**
 * The likeliest tokens, the likeliest first, equals in their order.
 *
 * @param {Float32Array} logProbs
 * @param {number} count
 * @returns {number[]}
 */
export function likeliest(logProbs, count) {
  const order = Array.from(logProbs.keys());
  order.sort((a, b) => logProbs[b] - logProbs[a] || a - b);
  return order.slice(0, count);
}
