/**
 * A trained language model: recurrent layers on top of one another, and scores.
 *
 * A bidirectional layer reads one token at a time, as in the book's prediction: both its
 * directions see nothing but that token and their own earlier state.
 */
import { multiply } from "./arrays.mjs";
import { advance, NUM_GATES } from "./cells.mjs";

/** @typedef {import("./cells.mjs").Cell} Cell */
/** @typedef {import("./cells.mjs").CellStep} CellStep */
/** @typedef {Record<string, Float32Array>} Arrays */

/**
 * How the layers stand, as `Stack` of d2l_rnn/export/nets.py.
 *
 * @typedef {object} StackFacts
 * @property {"rnn_tanh" | "rnn_relu" | "gru" | "lstm"} cell
 * @property {number} num_layers
 * @property {number} num_directions
 * @property {number} num_hiddens of one direction
 * @property {boolean} reset_after
 */

/**
 * @typedef {object} Network
 * @property {StackFacts} facts
 * @property {Cell[][]} layers from the inputs up, each of one or two directions
 * @property {Float32Array} W_q (vocab_size, directions * h)
 * @property {Float32Array} b_q (vocab_size)
 * @property {Float32Array | null} embedding (inputs, embed_size)
 * @property {Float32Array[]} tables of each direction of the lowest layer `W_x x + b` by
 *   the token, (inputs, gates * h)
 */

/**
 * "whole": as it was trained; "alone": W_h is left out; "none": besides, each character
 * finds an empty state.
 *
 * @typedef {"whole" | "alone" | "none"} Memory
 */

/**
 * What reading a token leaves behind.
 *
 * @typedef {object} Step
 * @property {number} token
 * @property {CellStep[][]} cells by layer and direction
 * @property {Float32Array} scores (vocab_size) of what comes next
 */

/**
 * The layers of a stack by the names that an exported run's arrays have.
 *
 * @param {StackFacts} facts
 * @param {Arrays} arrays
 * @param {string} name "rnn", say, of `rnn.l0_i2h_weight`
 * @returns {Cell[][]}
 */
export function stackOf(facts, arrays, name) {
  const layers = [];
  for (let number = 0; number < facts.num_layers; number++) {
    layers.push(
      ["l", "r"].slice(0, facts.num_directions).map((direction) => {
        const start = `${name}.${direction}${number}_`;
        return cellOf(facts, arrays, start);
      }),
    );
  }
  return layers;
}

/**
 * @param {StackFacts} facts
 * @param {Arrays} arrays
 * @param {string} start
 * @returns {Cell}
 */
function cellOf(facts, arrays, start) {
  const h = facts.num_hiddens;
  const inside = new Float32Array(h);
  const outer = arrays[`${start}i2h_bias`];
  const inner = arrays[`${start}h2h_bias`];
  const b = outer.map((value, k) => value + inner[k]);
  if (facts.cell === "gru" && facts.reset_after) {
    b.set(outer.subarray(2 * h), 2 * h);
    inside.set(inner.subarray(2 * h));
  }
  return {
    kind: facts.cell,
    h,
    W_x: arrays[`${start}i2h_weight`],
    W_h: arrays[`${start}h2h_weight`],
    b,
    inside,
    resetAfter: facts.reset_after,
    peepholes: arrays[`${start}peepholes`] ?? null,
  };
}

/**
 * For each token what the lowest layer reads of it, `W_x x + b`.
 *
 * @param {Cell} cell
 * @param {Float32Array | null} embedding
 * @returns {Float32Array} (inputs, gates * h)
 */
export function tableOf(cell, embedding) {
  const rows = cell.b.length;
  const width = cell.W_x.length / rows;
  const inputs = embedding ? embedding.length / width : width;
  const table = new Float32Array(inputs * rows);
  for (let token = 0; token < inputs; token++) {
    const row = table.subarray(token * rows, (token + 1) * rows);
    row.set(cell.b);
    if (embedding) {
      multiply(
        cell.W_x,
        embedding.subarray(token * width, (token + 1) * width),
        row,
        true,
      );
    } else {
      for (let r = 0; r < rows; r++) row[r] += cell.W_x[r * width + token];
    }
  }
  return table;
}

/**
 * @param {StackFacts} facts
 * @param {Arrays} arrays of `LanguageNet.named()`
 * @returns {Network}
 */
export function networkOf(facts, arrays) {
  const layers = stackOf(facts, arrays, "rnn");
  const embedding = arrays["embedding.weight"] ?? null;
  return {
    facts,
    layers,
    W_q: arrays["dense.weight"],
    b_q: arrays["dense.bias"],
    embedding,
    tables: layers[0].map((cell) => tableOf(cell, embedding)),
  };
}

/**
 * Read one token.
 *
 * @param {Network} net
 * @param {number} token
 * @param {Step | null} last the step before; null: all states are zero
 * @param {Memory} memory
 * @param {Float32Array | null} first (h) the lowest layer's state, where there is no
 *   step before
 * @returns {Step}
 */
export function readToken(net, token, last, memory = "whole", first = null) {
  const { h } = net.layers[0][0];
  const zeros = new Float32Array(h);
  /** @type {CellStep[][]} */
  const cells = [];
  /** @type {Float32Array} */
  let below = new Float32Array(0);
  net.layers.forEach((directions, layer) => {
    cells.push(
      directions.map((cell, direction) => {
        const rows = NUM_GATES[net.facts.cell] * h;
        let inputs;
        if (layer === 0) {
          inputs = net.tables[direction].slice(token * rows, (token + 1) * rows);
        } else {
          inputs = cell.b.slice();
          multiply(cell.W_x, below, inputs, true);
        }
        const earlier =
          memory === "none" ? null : (last?.cells[layer][direction] ?? null);
        const before = earlier
          ? earlier.after
          : (layer === 0 && !last && first) || zeros;
        const cBefore = earlier ? earlier.cAfter : zeros;
        return advance(cell, inputs, before, cBefore, memory !== "whole");
      }),
    );
    below = joined(cells[layer].map((step) => step.after));
  });
  const scores = net.b_q.slice();
  multiply(net.W_q, below, scores, true);
  return { token, cells, scores };
}

/**
 * @param {Float32Array[]} parts
 * @returns {Float32Array} one after the other
 */
export function joined(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
