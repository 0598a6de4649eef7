/**
 * Recurrent layers over whole sequences, and the way back through them.
 *
 * A text that is read from both sides, a sentence that is encoded: every step is known
 * before the first is computed.
 */
import { multiply, multiplyBack } from "./arrays.mjs";
import { advance, goBack } from "./cells.mjs";
import { joined } from "./network.mjs";

/** @typedef {import("./cells.mjs").Cell} Cell */
/** @typedef {import("./cells.mjs").CellStep} CellStep */

/**
 * What a cell keeps from step to step; of all but an LSTM `cAfter` is not read.
 *
 * @typedef {{after: Float32Array, cAfter: Float32Array}} CellState
 */

/**
 * What reading a sequence leaves behind.
 *
 * @typedef {object} SequencePass
 * @property {Float32Array[]} outputs a step each, the uppermost layer's states
 * @property {CellStep[][][]} steps by layer and direction, then by step
 * @property {boolean} reversed whether layers of one direction have read backward
 */

/**
 * @param {Cell} cell
 * @returns {CellState}
 */
export function zeroState(cell) {
  return { after: new Float32Array(cell.h), cAfter: new Float32Array(cell.h) };
}

/**
 * One direction's steps, in the order of the sequence.
 *
 * @param {Cell} cell
 * @param {Float32Array[]} inputs a step each, `W_x x + b`; are overwritten
 * @param {boolean} reversed
 * @returns {CellStep[]}
 */
function stepsOf(cell, inputs, reversed) {
  /** @type {CellStep[]} */
  const steps = new Array(inputs.length);
  let state = zeroState(cell);
  for (let k = 0; k < inputs.length; k++) {
    const t = reversed ? inputs.length - 1 - k : k;
    steps[t] = advance(cell, inputs[t], state.after, state.cAfter);
    state = steps[t];
  }
  return steps;
}

/**
 * Read a sequence of tokens.
 *
 * @param {Cell[][]} layers from the inputs up, each of one or two directions; the second
 *   reads backward
 * @param {Float32Array[]} tables of each direction of the lowest layer, see `tableOf`
 * @param {number[]} ids
 * @param {boolean} reversed whether layers of one direction read backward
 * @returns {SequencePass}
 */
export function readSequence(layers, tables, ids, reversed = false) {
  /** @type {CellStep[][][]} */
  const steps = [];
  /** @type {Float32Array[]} */
  let outputs = [];
  layers.forEach((directions, number) => {
    const found = directions.map((cell, direction) => {
      const rows = cell.b.length;
      const inputs = ids.map((id, t) => {
        if (number === 0) return tables[direction].slice(id * rows, (id + 1) * rows);
        const own = cell.b.slice();
        multiply(cell.W_x, outputs[t], own, true);
        return own;
      });
      return stepsOf(cell, inputs, reversed || direction === 1);
    });
    steps.push(found);
    outputs = ids.map((_, t) => joined(found.map((own) => own[t].after)));
  });
  return { outputs, steps, reversed };
}

/**
 * The state of each direction of a layer after all that it has read.
 *
 * @param {SequencePass} pass
 * @param {number} number of the layer
 * @returns {CellState[]}
 */
export function lastStates(pass, number) {
  return pass.steps[number].map((steps, direction) => {
    return steps[pass.reversed || direction === 1 ? 0 : steps.length - 1];
  });
}

/**
 * The way back through one direction of a layer.
 *
 * @param {Cell} cell
 * @param {CellStep[]} steps
 * @param {(Float32Array | null)[]} dOutputs a step each, (h), as if no step read the one
 *   before; null: zero
 * @param {boolean} reversed
 * @param {Float32Array[]} dInputs a step each; the gradient by x is added
 */
function stepsBack(cell, steps, dOutputs, reversed, dInputs) {
  let carried = zeroState(cell);
  for (let k = steps.length - 1; k >= 0; k--) {
    const t = reversed ? steps.length - 1 - k : k;
    const dH = carried.after;
    dOutputs[t]?.forEach((value, unit) => (dH[unit] += value));
    const back = goBack(cell, steps[t], dH, carried.cAfter);
    multiplyBack(cell.W_x, back.dz, dInputs[t]);
    carried = { after: back.dH, cAfter: back.dC };
  }
}

/**
 * The way back through layers that have read a sequence.
 *
 * @param {Cell[][]} layers
 * @param {SequencePass} pass
 * @param {(Float32Array | null)[]} dOutputs a step each, by the uppermost states
 * @returns {Float32Array[]} a step each: the gradient by what the lowest layer read, a
 *   one-hot vector or an embedded token
 */
export function sequenceBack(layers, pass, dOutputs) {
  /** @type {(Float32Array | null)[]} */
  let above = dOutputs;
  /** @type {Float32Array[]} */
  let below = [];
  for (let number = layers.length - 1; number >= 0; number--) {
    const width = layers[number][0].W_x.length / layers[number][0].b.length;
    below = above.map(() => new Float32Array(width));
    layers[number].forEach((cell, direction) => {
      const own = above.map(
        (row) => row?.subarray(direction * cell.h, (direction + 1) * cell.h) ?? null,
      );
      const reversed = pass.reversed || direction === 1;
      stepsBack(cell, pass.steps[number][direction], own, reversed, below);
    });
    above = below;
  }
  return below;
}
