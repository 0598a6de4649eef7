/** What is inside a language model while it reads: states, gates, units, gradients. */
import { norm } from "./arrays.mjs";
import { GATE_NAMES } from "./cells.mjs";
import { backward, inputGradient, scoreGradient } from "./gradients.mjs";
import { registerCalls } from "./kinds.mjs";
import { ranked } from "./units.mjs";

/** @typedef {import("./language.mjs").LanguageModel} LanguageModel */
/** @typedef {import("./cells.mjs").CellStep} CellStep */

/**
 * One array of a step.
 *
 * @param {LanguageModel} model
 * @param {CellStep} step
 * @param {string} array "state", "memory", or a gate's name
 * @returns {Float32Array} (h)
 */
function arrayOf(model, step, array) {
  const { h } = model.net.layers[0][0];
  if (array === "state") return step.after;
  if (array === "memory") return step.cAfter;
  const gate = GATE_NAMES[model.net.facts.cell].indexOf(array);
  return step.gates.subarray(gate * h, (gate + 1) * h);
}

registerCalls("language", {
  /**
   * What an array was at every place.
   *
   * @param {LanguageModel} model
   * @param {{array: string, layer: number, direction: number}} given
   * @returns {{width: number, values: Float32Array}} values of (places, width)
   */
  states(model, { array, layer, direction }) {
    const width = model.net.layers[0][0].h;
    const values = new Float32Array(model.steps.length * width);
    model.steps.forEach((step, place) => {
      values.set(arrayOf(model, step.cells[layer][direction], array), place * width);
    });
    return { width, values };
  },

  /**
   * One unit at every place: its state, memory cell and gates.
   *
   * @param {LanguageModel} model
   * @param {{unit: number, layer: number, direction: number}} given
   * @returns {Record<string, Float32Array>}
   */
  unit(model, { unit, layer, direction }) {
    const { cell } = model.net.facts;
    const names = [
      "state",
      ...(cell === "lstm" ? ["memory"] : []),
      ...GATE_NAMES[cell],
    ];
    return Object.fromEntries(
      names.map((name) => [
        name,
        Float32Array.from(
          model.steps,
          (step) => arrayOf(model, step.cells[layer][direction], name)[unit],
        ),
      ]),
    );
  },

  /**
   * The units that follow something in the text most closely.
   *
   * @param {LanguageModel} model
   * @param {{letters: string[], layer: number, direction: number, ofWords: boolean}} given
   */
  rank(model, { letters, layer, direction, ofWords }) {
    const states = model.steps.map((step) => step.cells[layer][direction].after);
    return ranked(states, letters, ofWords);
  },

  /**
   * How the probability of a token depends on each token that was read before it.
   *
   * @param {LanguageModel} model
   * @param {{place: number, token: number}} given the token after that place, which need
   *   not be the one that stands there
   * @returns {Float32Array} (place + 1): norms of the gradients of log p
   */
  gradients(model, { place, token }) {
    const steps = model.steps.slice(0, place + 1);
    const byScores = new Map([[place, scoreGradient(steps[place].scores, token)]]);
    const found = backward(model.net, steps, byScores, model.memory === "none");
    return Float32Array.from(found, (dz) => norm(inputGradient(model.net, dz)));
  },
});
