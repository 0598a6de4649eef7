/** What the worker is asked about a hidden Markov model. */
import { hiddenMarkovOf, messagesOf, statesByFrequency, symbolsUnder } from "./hmm.mjs";
import { registerKind } from "./kinds.mjs";

/** @typedef {import("./hmm.mjs").HiddenMarkov} HiddenMarkov */

const NUM_EMITTED = 5;

/**
 * The likeliest of some symbols, with their probabilities.
 *
 * @param {Float64Array} probabilities
 * @returns {[number, number][]}
 */
function mostEmitted(probabilities) {
  const order = Array.from(probabilities.keys());
  order.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  return order.slice(0, NUM_EMITTED).map((symbol) => [symbol, probabilities[symbol]]);
}

registerKind("hmm", (_, arrays) => hiddenMarkovOf(arrays), {
  /**
   * Both messages over a text, and what could stand at each place.
   *
   * @param {HiddenMarkov} model
   * @param {{symbols: number[]}} given -1 for a blank
   */
  messages(model, { symbols }) {
    const messages = messagesOf(model, symbols);
    const K = model.numStates;
    const there = symbols.map((_, t) => {
      return mostEmitted(
        symbolsUnder(model, messages.leftOut.subarray(t * K, (t + 1) * K)),
      );
    });
    return { ...messages, there };
  },

  /**
   * The states, the most frequent first, and what each emits.
   *
   * @param {HiddenMarkov} model
   * @returns {{state: number, emits: [number, number][]}[]}
   */
  states(model) {
    const { emission, numSymbols } = model;
    return statesByFrequency(model).map((state) => ({
      state,
      emits: mostEmitted(
        emission.subarray(state * numSymbols, (state + 1) * numSymbols),
      ),
    }));
  },
});
