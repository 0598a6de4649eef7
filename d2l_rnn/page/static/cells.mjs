/**
 * One step of each recurrent cell, and the way back through it.
 *
 * Gates stand below one another as in Gluon and PyTorch: i f g o of an LSTM, r z n of a
 * GRU. With `z = W_x x + b_x + W_h h + b_h`:
 *
 *     RNN   h' = tanh(z), or relu
 *     GRU   r, u = sigmoid(z);  n = tanh(z_n of x + r * (W_hn h + b_hn))   reset after
 *           or                  n = tanh(z_n of x + W_hn (r * h) + b_hn)   reset before
 *           h' = u * h + (1 - u) * n
 *     LSTM  i, f, o = sigmoid(z, with peepholes p * c),  g = tanh(z_g)
 *           c' = f * c + i * g,  h' = o * tanh(c')
 *
 * They are those of `d2l_rnn/inference/cells.py`; the derivatives are written out in
 * `d2l_rnn/inference/handwritten_gated.py`.
 */
import { multiply, multiplyBack } from "./arrays.mjs";

/**
 * A recurrent layer in one direction.
 *
 * @typedef {object} Cell
 * @property {string} kind "rnn_tanh", "rnn_relu", "gru" or "lstm"
 * @property {number} h hidden units
 * @property {Float32Array} W_x (gates * h, inputs)
 * @property {Float32Array} W_h (gates * h, h)
 * @property {Float32Array} b what is added to W_x x: both biases, but for a GRU's b_hn
 * @property {Float32Array} inside (h) a GRU's b_hn, where the reset comes after
 * @property {boolean} resetAfter of a GRU
 * @property {Float32Array | null} peepholes (3, h): p_i, p_f, p_o
 */

/**
 * What a step leaves behind: all that the way back needs, and the views show.
 *
 * @typedef {object} CellStep
 * @property {Float32Array} before (h) the state that was read
 * @property {Float32Array} cBefore (h) an LSTM's memory cell that was read; else empty
 * @property {Float32Array} gates (gates * h) after sigmoid and tanh
 * @property {Float32Array} inner (h) a GRU's W_hn h + b_hn; else empty
 * @property {Float32Array} after (h)
 * @property {Float32Array} cAfter (h) or empty
 * @property {boolean} alone whether W_h was left out
 */

export const NUM_GATES = { rnn_tanh: 1, rnn_relu: 1, gru: 3, lstm: 4 };
export const GATE_NAMES = {
  rnn_tanh: /** @type {string[]} */ ([]),
  rnn_relu: /** @type {string[]} */ ([]),
  gru: ["reset", "update", "candidate"],
  lstm: ["input", "forget", "candidate", "output"],
};

const NOTHING = new Float32Array(0);

/** @param {number} x */
function sigmoid(x) {
  return 0.5 * (1 + Math.tanh(0.5 * x));
}

/**
 * One step.
 *
 * @param {Cell} cell
 * @param {Float32Array} inputs (gates * h) `W_x x + b`; is overwritten by the gates
 * @param {Float32Array} before (h)
 * @param {Float32Array} cBefore (h), of an LSTM
 * @param {boolean} alone leave out W_h
 * @returns {CellStep}
 */
export function advance(cell, inputs, before, cBefore, alone = false) {
  const { h, kind } = cell;
  const gates = inputs;
  const after = new Float32Array(h);
  if (kind === "gru") return advanceGRU(cell, gates, before, alone);
  if (!alone) multiply(cell.W_h, before, gates, true);
  if (kind !== "lstm") {
    for (let k = 0; k < h; k++) {
      after[k] = kind === "rnn_relu" ? Math.max(gates[k], 0) : Math.tanh(gates[k]);
    }
    return {
      before,
      cBefore: NOTHING,
      gates,
      inner: NOTHING,
      after,
      cAfter: NOTHING,
      alone,
    };
  }
  const p = cell.peepholes;
  const cAfter = new Float32Array(h);
  for (let k = 0; k < h; k++) {
    const i = sigmoid(gates[k] + (p ? p[k] * cBefore[k] : 0));
    const f = sigmoid(gates[h + k] + (p ? p[h + k] * cBefore[k] : 0));
    const g = Math.tanh(gates[2 * h + k]);
    const c = f * cBefore[k] + i * g;
    const o = sigmoid(gates[3 * h + k] + (p ? p[2 * h + k] * c : 0));
    gates[k] = i;
    gates[h + k] = f;
    gates[2 * h + k] = g;
    gates[3 * h + k] = o;
    cAfter[k] = c;
    after[k] = o * Math.tanh(c);
  }
  return { before, cBefore, gates, inner: NOTHING, after, cAfter, alone };
}

/**
 * @param {Cell} cell
 * @param {Float32Array} gates
 * @param {Float32Array} before
 * @param {boolean} alone
 * @returns {CellStep}
 */
function advanceGRU(cell, gates, before, alone) {
  const { h, W_h } = cell;
  const after = new Float32Array(h);
  const inner = cell.inside.slice();
  const candidate = W_h.subarray(2 * h * h);
  if (!alone) multiply(W_h, before, gates.subarray(0, 2 * h), true);
  for (let k = 0; k < 2 * h; k++) gates[k] = sigmoid(gates[k]);
  if (!alone && cell.resetAfter) multiply(candidate, before, inner, true);
  if (!alone && !cell.resetAfter) {
    const kept = new Float32Array(h);
    for (let k = 0; k < h; k++) kept[k] = gates[k] * before[k];
    multiply(candidate, kept, inner, true);
  }
  for (let k = 0; k < h; k++) {
    const r = cell.resetAfter ? gates[k] : 1;
    const n = Math.tanh(gates[2 * h + k] + r * inner[k]);
    const u = gates[h + k];
    gates[2 * h + k] = n;
    after[k] = u * before[k] + (1 - u) * n;
  }
  return { before, cBefore: NOTHING, gates, inner, after, cAfter: NOTHING, alone };
}

/**
 * The way back through one step.
 *
 * @param {Cell} cell
 * @param {CellStep} step
 * @param {Float32Array} dH (h) the gradient by the state after the step
 * @param {Float32Array} dC (h) the same by an LSTM's memory cell; else empty
 * @returns {{dz: Float32Array, dH: Float32Array, dC: Float32Array}} by `W_x x + b`,
 *   and by the states that were read
 */
export function goBack(cell, step, dH, dC) {
  const { h, kind } = cell;
  if (kind === "gru") return goBackGRU(cell, step, dH);
  const dz = new Float32Array(step.gates.length);
  const dHBefore = new Float32Array(h);
  const { gates, after, cBefore, cAfter } = step;
  let dCBefore = NOTHING;
  if (kind === "lstm") {
    const p = cell.peepholes;
    dCBefore = new Float32Array(h);
    for (let k = 0; k < h; k++) {
      const i = gates[k];
      const f = gates[h + k];
      const g = gates[2 * h + k];
      const o = gates[3 * h + k];
      const tanhC = Math.tanh(cAfter[k]);
      const dO = dH[k] * tanhC * o * (1 - o);
      let c = dC[k] + dH[k] * o * (1 - tanhC * tanhC);
      if (p) c += dO * p[2 * h + k];
      dz[k] = c * g * i * (1 - i);
      dz[h + k] = c * cBefore[k] * f * (1 - f);
      dz[2 * h + k] = c * i * (1 - g * g);
      dz[3 * h + k] = dO;
      dCBefore[k] = c * f;
      if (p) dCBefore[k] += dz[k] * p[k] + dz[h + k] * p[h + k];
    }
  } else {
    for (let k = 0; k < h; k++) {
      const slope =
        kind === "rnn_relu" ? Number(after[k] > 0) : 1 - after[k] * after[k];
      dz[k] = dH[k] * slope;
    }
  }
  if (!step.alone) multiplyBack(cell.W_h, dz, dHBefore);
  return { dz, dH: dHBefore, dC: dCBefore };
}

/**
 * @param {Cell} cell
 * @param {CellStep} step
 * @param {Float32Array} dH
 */
function goBackGRU(cell, step, dH) {
  const { h, W_h, resetAfter } = cell;
  const { gates, before, inner } = step;
  const candidate = W_h.subarray(2 * h * h);
  const dz = new Float32Array(3 * h);
  const dHBefore = new Float32Array(h);
  const dInner = new Float32Array(h);
  for (let k = 0; k < h; k++) {
    const r = gates[k];
    const u = gates[h + k];
    const n = gates[2 * h + k];
    const dN = dH[k] * (1 - u) * (1 - n * n);
    dz[2 * h + k] = dN;
    dz[h + k] = dH[k] * (before[k] - n) * u * (1 - u);
    dHBefore[k] = dH[k] * u;
    dInner[k] = resetAfter ? dN * r : dN;
    if (resetAfter) dz[k] = dN * inner[k] * r * (1 - r);
  }
  if (!step.alone && resetAfter) multiplyBack(candidate, dInner, dHBefore);
  if (!step.alone && !resetAfter) {
    const dKept = new Float32Array(h);
    multiplyBack(candidate, dInner, dKept);
    for (let k = 0; k < h; k++) {
      const r = gates[k];
      dz[k] = dKept[k] * before[k] * r * (1 - r);
      dHBefore[k] += dKept[k] * r;
    }
  }
  if (!step.alone)
    multiplyBack(W_h.subarray(0, 2 * h * h), dz.subarray(0, 2 * h), dHBefore);
  return { dz, dH: dHBefore, dC: NOTHING };
}
