/** A trained encoder-decoder (book Sections 9.7 and 10.4), a sentence at a time. */
import { logSoftmax, multiply } from "./arrays.mjs";
import { attend, keysOf } from "./attention.mjs";
import { beamSearch } from "./beam.mjs";
import { advance } from "./cells.mjs";
import { joined, stackOf, tableOf } from "./network.mjs";
import { lastStates, readSequence, zeroState } from "./sequences.mjs";

/** @typedef {import("./cells.mjs").Cell} Cell */
/** @typedef {import("./sequences.mjs").CellState} CellState */

/**
 * How an encoder-decoder is put together; see `Design` of
 * d2l_rnn/inference/translation_network.py.
 *
 * @typedef {object} TranslationFacts
 * @property {import("./network.mjs").StackFacts} encoder
 * @property {import("./network.mjs").StackFacts} decoder
 * @property {boolean} mask_padding
 * @property {string} bridge
 * @property {boolean} book_context
 * @property {string} score
 * @property {boolean} normalise
 */

/**
 * @typedef {object} TranslationModel
 * @property {TranslationFacts} facts
 * @property {Cell[][]} encoder
 * @property {Float32Array[]} tables of the encoder's lowest layer
 * @property {Cell[]} decoder from the inputs up
 * @property {Float32Array} embedding of target tokens, (tgt_size, embed_size)
 * @property {Float32Array} W_q (tgt_size, num_hiddens)
 * @property {Float32Array} b_q (tgt_size)
 * @property {import("./attention.mjs").AttentionArrays} attention
 * @property {number} numSteps length of a sentence at most, <eos> included
 */

/**
 * Where a decoder attends.
 *
 * @typedef {object} EncodedSource
 * @property {Float32Array[]} values the encoder's output, a source token each
 * @property {Float32Array[]} keys
 * @property {number} numValid tokens that are no padding
 */

/**
 * @typedef {object} DecoderState
 * @property {CellState[]} layers from the inputs up
 * @property {Float32Array | null} fixed a context that never changes
 * @property {EncodedSource | null} source
 * @property {Float32Array | null} weights attention of the step that led here
 */

/**
 * @param {TranslationFacts} facts
 * @param {import("./kinds.mjs").Arrays} arrays of `TranslationNet.named()`
 * @param {number} numSteps
 * @returns {TranslationModel}
 */
export function translationOf(facts, arrays, numSteps) {
  const encoder = stackOf(facts.encoder, arrays, "encoder.rnn");
  const start = "decoder.attention.";
  const own = Object.entries(arrays).filter(([name]) => name.startsWith(start));
  return {
    facts,
    encoder,
    tables: encoder[0].map((cell) => tableOf(cell, arrays["encoder.embedding.weight"])),
    decoder: stackOf(facts.decoder, arrays, "decoder.rnn").map(([cell]) => cell),
    embedding: arrays["decoder.embedding.weight"],
    W_q: arrays["decoder.dense.weight"],
    b_q: arrays["decoder.dense.bias"],
    attention: Object.fromEntries(
      own.map(([name, array]) => [name.slice(start.length), array]),
    ),
    numSteps,
  };
}

/**
 * How a sentence is read: "whole" as the net was trained; "forward" or "backward" by one
 * direction of a bidirectional encoder alone, the other's states being zero; "reversed"
 * from its last word to its first, by an encoder of one direction.
 *
 * @typedef {"whole" | "forward" | "backward" | "reversed"} SourceReading
 */

/**
 * The decoder's state before <bos>, of a sentence that the encoder reads.
 *
 * @param {TranslationModel} model
 * @param {number[]} ids padded to num_steps
 * @param {number} numValid
 * @param {SourceReading} reading
 * @returns {DecoderState}
 */
export function beginTranslation(model, ids, numValid, reading = "whole") {
  const { facts, attention } = model;
  // Where padding is masked a sentence ends where it ends; its outputs there are zero.
  const read = facts.mask_padding ? ids.slice(0, numValid) : ids;
  const pass = readSequence(model.encoder, model.tables, read);
  const silent = { forward: 1, backward: 0 }[/** @type {string} */ (reading)];
  const kept = (/** @type {Float32Array} */ state, /** @type {number} */ direction) =>
    direction === silent ? new Float32Array(state.length) : state;
  const values = read.map((_, t) => {
    const top = pass.steps[pass.steps.length - 1];
    return joined(top.map((steps, direction) => kept(steps[t].after, direction)));
  });
  while (values.length < ids.length) values.push(new Float32Array(values[0].length));
  const last = model.encoder.map((_, number) => {
    const states = lastStates(pass, number);
    return {
      after: joined(states.map(({ after }, direction) => kept(after, direction))),
      cAfter: joined(states.map(({ cAfter }, direction) => kept(cAfter, direction))),
    };
  });
  const top = last[last.length - 1].after;
  const layers = model.decoder.map((cell, number) => {
    const zero = zeroState(cell);
    const { after, cAfter } = last[number];
    if (facts.bridge === "cell") return { after: zero.after, cAfter };
    if (facts.bridge === "hidden") return { after, cAfter: zero.cAfter };
    if (facts.bridge === "output") return { after: top, cAfter: zero.cAfter };
    return { after, cAfter };
  });
  const attends = Boolean(facts.score);
  const source = attends
    ? { values, keys: keysOf(facts, attention, values), numValid }
    : null;
  return {
    layers,
    fixed: attends || facts.book_context ? null : top,
    source,
    weights: null,
  };
}

/**
 * Read a target token; log-probabilities of the next.
 *
 * @param {TranslationModel} model
 * @param {number} token
 * @param {DecoderState} state is left as it was
 * @returns {{logProbs: Float32Array, state: DecoderState}}
 */
export function decoderStep(model, token, state) {
  const query = state.layers[state.layers.length - 1].after;
  let context = state.fixed ?? query;
  /** @type {Float32Array | null} */
  let weights = null;
  if (state.source) {
    const { keys, values, numValid } = state.source;
    const found = attend(model.facts, model.attention, query, keys, values, numValid);
    ({ context, weights } = found);
  }
  const width = model.embedding.length / model.b_q.length;
  const own = model.embedding.subarray(token * width, (token + 1) * width);
  // The attention decoder reads context, then token; the other one token first.
  let below = joined(state.source ? [context, own] : [own, context]);
  const layers = model.decoder.map((cell, number) => {
    const inputs = cell.b.slice();
    multiply(cell.W_x, below, inputs, true);
    const before = state.layers[number];
    const step = advance(cell, inputs, before.after, before.cAfter);
    below = step.after;
    return { after: step.after, cAfter: step.cAfter };
  });
  const scores = model.b_q.slice();
  multiply(model.W_q, below, scores, true);
  return { logProbs: logSoftmax(scores), state: { ...state, layers, weights } };
}

/**
 * Ids of a source sentence as the model reads it: <eos> at its end, padded or cut.
 *
 * @param {string[]} tokens
 * @param {string[]} vocab with <unk> first, <pad> and <eos>
 * @param {number} numSteps
 * @returns {{ids: number[], numValid: number}}
 */
export function sourceIds(tokens, vocab, numSteps) {
  const ids = [...tokens, "<eos>"].map((token) => Math.max(0, vocab.indexOf(token)));
  const numValid = Math.min(ids.length, numSteps);
  while (ids.length < numSteps) ids.push(vocab.indexOf("<pad>"));
  return { ids: ids.slice(0, numSteps), numValid };
}

/**
 * A sentence in lower case, its punctuation marks apart, as `preprocess_nmt` cuts it.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function sourceTokens(text) {
  const spaced = text
    .replace(/[\u202f\u00a0]/g, " ")
    .toLowerCase()
    .replace(/(?<=[^ ])([,.!?])/g, " $1");
  return spaced.split(/\s+/).filter(Boolean);
}

/**
 * @typedef {object} BeamChoice
 * @property {number} size 1: greedy
 * @property {number} alpha
 * @property {number} numBest
 * @property {number} numLeft how many tokens that were left the tree keeps, a step
 */

/**
 * Search for translations of a sentence.
 *
 * @param {TranslationModel} model
 * @param {DecoderState} state before <bos>
 * @param {string[]} vocab of the target
 * @param {BeamChoice} choice
 */
export function translations(model, state, vocab, choice) {
  return beamSearch(
    (token, /** @type {DecoderState} */ before) => decoderStep(model, token, before),
    state,
    vocab.indexOf("<bos>"),
    vocab.indexOf("<eos>"),
    model.numSteps,
    choice,
  );
}

/**
 * The decoder's steps along tokens that were written.
 *
 * @param {TranslationModel} model
 * @param {DecoderState} state before <bos>
 * @param {number} bos
 * @param {number[]} tokens with <eos> where it was reached
 * @returns {{logProbs: Float32Array, weights: Float32Array | null}[]} what each token was
 *   chosen from, and where the decoder looked
 */
export function decoderSteps(model, state, bos, tokens) {
  let read = bos;
  let before = state;
  return tokens.map((token) => {
    const step = decoderStep(model, read, before);
    read = token;
    before = step.state;
    return { logProbs: step.logProbs, weights: before.weights };
  });
}
