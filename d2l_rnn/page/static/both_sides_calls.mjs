/** What the worker is asked about nets that read a text from both sides. */
import { indexOfLargest } from "./arrays.mjs";
import {
  clozeNetOf,
  fillBlanks,
  leaning,
  readText,
  wholeTextsOf,
} from "./both_sides.mjs";
import { likeliest } from "./decode.mjs";
import { registerCalls, registerKind } from "./kinds.mjs";
import "./language.mjs";
import { readToken } from "./network.mjs";

/** @typedef {import("./network.mjs").Network} Network */

/**
 * What a net says of a token.
 *
 * @typedef {object} Said
 * @property {number} probability of the token that stands there
 * @property {[number, number][]} best the likeliest, with probabilities
 */

const UNKNOWN = 0;
const NUM_BEST = 5;

/**
 * @param {Float32Array} logProbs
 * @param {number} token
 * @returns {Said}
 */
function saidOf(logProbs, token) {
  const best = likeliest(logProbs, NUM_BEST);
  return {
    probability: Math.exp(logProbs[token]),
    best: best.map((id) => [id, Math.exp(logProbs[id])]),
  };
}

registerCalls("language", {
  /**
   * A bidirectional model about each token of a text that it has before it: position t
   * is about token t + 1.
   *
   * @param {{net: Network}} model
   * @param {{tokens: number[]}} given
   * @returns {Said[]} of all tokens but the first
   */
  seeingAll({ net }, { tokens }) {
    const { logProbs } = readText(wholeTextsOf(net), tokens);
    return tokens.slice(1).map((token, t) => saidOf(logProbs[t], token));
  },

  /**
   * The same about one token where nothing but what stands before it is there.
   *
   * @param {{net: Network}} model
   * @param {{tokens: number[], place: number}} given place 1 or more
   * @returns {Said}
   */
  seeingThePast({ net }, { tokens, place }) {
    const { logProbs } = readText(wholeTextsOf(net), tokens.slice(0, place));
    return saidOf(logProbs[place - 1], tokens[place]);
  },

  /**
   * The same about one token where another stands in its place, and all else is there.
   *
   * @param {{net: Network}} model
   * @param {{tokens: number[], place: number, other: number}} given
   * @returns {Said}
   */
  seeingAnother({ net }, { tokens, place, other }) {
    const changed = tokens.slice();
    changed[place] = other;
    const { logProbs } = readText(wholeTextsOf(net), changed);
    return saidOf(logProbs[place - 1], tokens[place]);
  },

  /**
   * How much each token of a text moves what is said of one.
   *
   * @param {{net: Network}} model
   * @param {{tokens: number[], place: number}} given
   * @returns {Float32Array} a token each
   */
  leaning({ net }, { tokens, place }) {
    const whole = wholeTextsOf(net);
    return leaning(whole, readText(whole, tokens), place - 1, tokens[place]);
  },

  /**
   * The likeliest tokens after a text, each read in turn, by themselves: the model that
   * types on the page is left where it is.
   *
   * @param {{net: Network}} model
   * @param {{tokens: number[], count: number}} given
   * @returns {number[]}
   */
  aloneAfter({ net }, { tokens, count }) {
    /** @type {import("./network.mjs").Step | null} */
    let step = null;
    for (const token of tokens) step = readToken(net, token, step);
    const found = [];
    while (step && found.length < count) {
      const token = indexOfLargest(step.scores);
      found.push(token);
      step = readToken(net, token, step);
    }
    return found;
  },
});

registerKind("both-sides", (facts, arrays) => clozeNetOf(facts.net, arrays), {
  /**
   * Fill blanks.
   *
   * @param {import("./both_sides.mjs").BothSides} net
   * @param {{ids: number[], blanks: number[]}} given
   */
  fill(net, { ids, blanks }) {
    const probabilities = (/** @type {number[]} */ row) =>
      readText(net, row).logProbs.map((logProbs) => logProbs.map(Math.exp));
    return fillBlanks(probabilities, ids, blanks, UNKNOWN, NUM_BEST);
  },

  /**
   * What the net says of each token, given all others.
   *
   * @param {import("./both_sides.mjs").BothSides} net
   * @param {{ids: number[]}} given
   * @returns {Said[]}
   */
  everyToken(net, { ids }) {
    const { logProbs } = readText(net, ids);
    return ids.map((id, t) => saidOf(logProbs[t], id));
  },

  /**
   * How much each token moves what is said of one, see `leaning`.
   *
   * @param {import("./both_sides.mjs").BothSides} net
   * @param {{ids: number[], place: number, token: number}} given
   * @returns {Float32Array}
   */
  leaning(net, { ids, place, token }) {
    return leaning(net, readText(net, ids), place, token);
  },
});
