/**
 * A hidden Markov model of a text (book Section 9.4): the two recursions, and what they
 * say together. All in float64.
 *
 * pi_{t+1}(h') = sum_h pi_t(h) P(x_t | h) P(h' | h),          pi_1 = P(h_1)
 * rho_{t-1}(h) = sum_h' P(h' | h) P(x_t | h') rho_t(h'),      rho_T = 1
 */

/**
 * @typedef {object} HiddenMarkov
 * @property {Float64Array} initial (numStates)
 * @property {Float64Array} transition (numStates, numStates): row h_t, column h_{t+1}
 * @property {Float64Array} emission (numStates, numSymbols)
 * @property {number} numStates
 * @property {number} numSymbols
 */

/**
 * What both recursions say; arrays are (numSteps, numStates).
 *
 * @typedef {object} Messages
 * @property {Float64Array} pi P(h_t | x_1 ... x_{t-1}), the forward message scaled
 * @property {Float64Array} rho the backward message, scaled to sum to one
 * @property {Float64Array} filtered P(h_t | x_1 ... x_t)
 * @property {Float64Array} smoothed P(h_t | x_1 ... x_T)
 * @property {Float64Array} leftOut P(h_t | all but x_t)
 * @property {number[]} surprise -log P(x_t | x_1 ... x_{t-1}) in nats; 0 of a blank
 * @property {number} logLikelihood in nats
 */

/** The symbol of a token that was not seen. */
export const MISSING_SYMBOL = -1;

/**
 * @param {import("./kinds.mjs").Arrays} arrays initial, transition, emission
 * @returns {HiddenMarkov}
 */
export function hiddenMarkovOf(arrays) {
  const numStates = arrays.initial.length;
  const numSymbols = arrays.emission.length / numStates;
  // The weights may have been rounded on their way: rows sum to one again.
  return {
    initial: normalisedRows(arrays.initial, numStates),
    transition: normalisedRows(arrays.transition, numStates),
    emission: normalisedRows(arrays.emission, numSymbols),
    numStates,
    numSymbols,
  };
}

/**
 * @param {ArrayLike<number>} matrix
 * @param {number} width
 */
function normalisedRows(matrix, width) {
  const found = Float64Array.from(matrix);
  for (let place = 0; place < found.length; place += width) {
    normalise(found.subarray(place, place + width));
  }
  return found;
}

/**
 * Divide by the sum, in place.
 *
 * @param {Float64Array} row
 * @returns {number} the sum
 */
function normalise(row) {
  let sum = 0;
  for (const value of row) sum += value;
  if (!(sum > 0)) throw new Error("the text has probability zero under the model");
  for (let i = 0; i < row.length; i++) row[i] /= sum;
  return sum;
}

/**
 * P(x | h) of all h; ones where x was not seen.
 *
 * @param {HiddenMarkov} model
 * @param {number} symbol
 */
function symbolLikelihood(model, symbol) {
  const found = new Float64Array(model.numStates).fill(1);
  if (symbol !== MISSING_SYMBOL) {
    for (let h = 0; h < found.length; h++)
      found[h] = model.emission[h * model.numSymbols + symbol];
  }
  return found;
}

/**
 * Both recursions over a text.
 *
 * @param {HiddenMarkov} model
 * @param {number[]} symbols MISSING_SYMBOL for a blank, wherever it stands
 * @returns {Messages}
 */
export function messagesOf(model, symbols) {
  const { numStates: K, transition } = model;
  const T = symbols.length;
  const make = () => new Float64Array(T * K);
  const [pi, rho, filtered, smoothed, leftOut] = [
    make(),
    make(),
    make(),
    make(),
    make(),
  ];
  const row = (/** @type {Float64Array} */ of, /** @type {number} */ t) =>
    of.subarray(t * K, (t + 1) * K);
  const likelihoods = symbols.map((symbol) => symbolLikelihood(model, symbol));
  const surprise = [];
  row(pi, 0).set(model.initial);
  for (let t = 0; t < T; t++) {
    const now = row(filtered, t);
    for (let h = 0; h < K; h++) now[h] = row(pi, t)[h] * likelihoods[t][h];
    surprise.push(-Math.log(normalise(now)));
    if (t + 1 === T) break;
    const next = row(pi, t + 1);
    for (let h = 0; h < K; h++) {
      for (let g = 0; g < K; g++) next[g] += now[h] * transition[h * K + g];
    }
    normalise(next);
  }
  row(rho, T - 1).fill(1 / K);
  for (let t = T - 1; t > 0; t--) {
    const before = row(rho, t - 1);
    for (let h = 0; h < K; h++) {
      for (let g = 0; g < K; g++)
        before[h] += transition[h * K + g] * likelihoods[t][g] * row(rho, t)[g];
    }
    normalise(before);
  }
  for (let t = 0; t < T; t++) {
    for (let h = t * K; h < (t + 1) * K; h++) {
      smoothed[h] = filtered[h] * rho[h];
      leftOut[h] = pi[h] * rho[h];
    }
    normalise(row(smoothed, t));
    normalise(row(leftOut, t));
  }
  const logLikelihood = -surprise.reduce((a, b) => a + b, 0);
  return { pi, rho, filtered, smoothed, leftOut, surprise, logLikelihood };
}

/**
 * P(x | h) averaged over a distribution of the state: what could stand there.
 *
 * @param {HiddenMarkov} model
 * @param {Float64Array} distribution (numStates), of leftOut or pi
 * @returns {Float64Array} (numSymbols)
 */
export function symbolsUnder(model, distribution) {
  const found = new Float64Array(model.numSymbols);
  for (let h = 0; h < model.numStates; h++) {
    for (let x = 0; x < found.length; x++)
      found[x] += distribution[h] * model.emission[h * found.length + x];
  }
  return found;
}

const MOST_PRODUCTS = 2e8;

/**
 * States from the most to the least frequent, after many steps.
 *
 * @param {HiddenMarkov} model
 * @returns {number[]}
 */
export function statesByFrequency(model) {
  const K = model.numStates;
  let now = new Float64Array(K).fill(1 / K);
  const numSteps = Math.min(1000, Math.ceil(MOST_PRODUCTS / (K * K)));
  for (let step = 0; step < numSteps; step++) {
    const next = new Float64Array(K);
    for (let h = 0; h < K; h++) {
      for (let g = 0; g < K; g++) next[g] += now[h] * model.transition[h * K + g];
    }
    now = next;
  }
  return Array.from(now.keys()).sort((a, b) => now[b] - now[a]);
}
