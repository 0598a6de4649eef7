/**
 * Language models: what the worker is asked about them.
 *
 * The worker keeps the text that a net has read, step by step; the page keeps what is
 * shown of it.
 */
import { logSoftmax } from "./arrays.mjs";
import { chosen, likeliest, randomNumbers } from "./decode.mjs";
import { registerKind } from "./kinds.mjs";
import { networkOf, readToken } from "./network.mjs";

/** @typedef {import("./network.mjs").Step} Step */
/** @typedef {import("./network.mjs").Memory} Memory */
/** @typedef {import("./decode.mjs").Choice} Choice */

/**
 * @typedef {object} LanguageModel
 * @property {import("./network.mjs").Network} net
 * @property {Float32Array | null} classes (labels, h)
 * @property {Step[]} steps of each token that was read
 * @property {Float32Array[]} logProbs after each
 * @property {Memory} memory
 * @property {Float32Array | null} first
 * @property {() => number} random
 */

/**
 * A token as it stands in the text.
 *
 * @typedef {object} Place
 * @property {number} token
 * @property {number | null} probability that it had; of the first there is none
 * @property {[number, number][]} best the five likeliest in its place, with probabilities
 */

const BEST = 5;

/**
 * @param {Float32Array} logProbs
 * @returns {[number, number][]}
 */
function bestOf(logProbs) {
  return likeliest(logProbs, BEST).map((token) => [token, Math.exp(logProbs[token])]);
}

/**
 * @param {LanguageModel} model
 * @param {number} token
 * @returns {Place}
 */
function readOne(model, token) {
  const count = model.steps.length;
  const given = count ? model.logProbs[count - 1] : null;
  const last = count ? model.steps[count - 1] : null;
  const step = readToken(model.net, token, last, model.memory, model.first);
  model.steps.push(step);
  model.logProbs.push(logSoftmax(step.scores));
  return {
    token,
    probability: given ? Math.exp(given[token]) : null,
    best: given ? bestOf(given) : [],
  };
}

/**
 * @param {import("./kinds.mjs").RunFacts} facts
 * @param {import("./kinds.mjs").Arrays} arrays
 * @returns {LanguageModel}
 */
function makeLanguageModel(facts, arrays) {
  return {
    net: networkOf(facts.net, arrays),
    classes: arrays["classes.weight"] ?? null,
    steps: [],
    logProbs: [],
    memory: "whole",
    first: null,
    random: randomNumbers(1),
  };
}

registerKind("language", makeLanguageModel, {
  /**
   * Forget the text, and begin anew.
   *
   * @param {LanguageModel} model
   * @param {{memory?: Memory, label?: number, seed?: number}} given
   */
  begin(model, { memory = "whole", label = 0, seed = 1 }) {
    model.steps = [];
    model.logProbs = [];
    model.memory = memory;
    model.random = randomNumbers(seed);
    model.first = null;
    if (model.classes) {
      const { h } = model.net.layers[0][0];
      model.first = model.classes.slice(label * h, (label + 1) * h).map(Math.tanh);
    }
    return null;
  },

  /**
   * Read what the reader typed.
   *
   * @param {LanguageModel} model
   * @param {{tokens: number[]}} given
   * @returns {{places: Place[], next: [number, number][]}}
   */
  read(model, { tokens }) {
    const places = tokens.map((token) => readOne(model, token));
    return { places, next: bestOf(model.logProbs[model.logProbs.length - 1]) };
  },

  /**
   * Go on by itself.
   *
   * @param {LanguageModel} model
   * @param {{count: number, choice: Choice, eos?: number}} given
   * @returns {{places: Place[], next: [number, number][]}}
   */
  type(model, { count, choice, eos = -1 }) {
    const places = [];
    for (let i = 0; i < count; i++) {
      const token = chosen(
        model.logProbs[model.logProbs.length - 1],
        choice,
        model.random,
      );
      if (token === eos) break;
      places.push(readOne(model, token));
    }
    return { places, next: bestOf(model.logProbs[model.logProbs.length - 1]) };
  },

  /**
   * Scores after each token that was read.
   *
   * @param {LanguageModel} model
   * @returns {Float32Array[]}
   */
  scores(model) {
    return model.steps.map((step) => step.scores);
  },
});
