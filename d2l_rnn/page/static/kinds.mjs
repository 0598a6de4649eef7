/**
 * The kinds of nets that the page computes with: each registers how it is put together,
 * and what it can be asked. Nothing here, nor in what it imports, knows of a document.
 */
import { bytesOfBase64, floatsOf } from "./arrays.mjs";
import { sha256 } from "./sha256.mjs";

/** @typedef {Record<string, Float32Array>} Arrays */

/**
 * What the page knows of a run; made by d2l_rnn/page/contents.py.
 *
 * @typedef {object} RunFacts
 * @property {string} kind
 * @property {string} name
 * @property {any} net how the arrays are put together, by kind
 * @property {Record<string, string[]>} vocabularies
 * @property {{name: string, shape: number[]}[]} arrays in the order of the bytes
 * @property {string} dtype "float32" or "float16"
 * @property {string} sha256 of all bytes
 * @property {any} told what the record says: settings, texts, ...
 */

/**
 * @typedef {(model: any, given: any) => any} Call
 */

/**
 * @typedef {object} Kind
 * @property {(facts: RunFacts, arrays: Arrays) => any} make the model that calls are
 *   given: a net, and what it is in the midst of
 * @property {Record<string, Call>} calls
 */

/** @type {Map<string, Kind>} */
const KINDS = new Map();

/**
 * @param {string} name as d2l_rnn/page/kinds.py has it
 * @param {(facts: RunFacts, arrays: Arrays) => any} make
 * @param {Record<string, Call>} calls
 */
export function registerKind(name, make, calls) {
  KINDS.set(name, { make, calls: { ...calls } });
}

/**
 * More that a kind can be asked.
 *
 * @param {string} name of a kind that is registered
 * @param {Record<string, Call>} calls
 */
export function registerCalls(name, calls) {
  Object.assign(kindNamed(name).calls, calls);
}

/** @param {string} name */
function kindNamed(name) {
  const kind = KINDS.get(name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}

/**
 * The arrays of a run, if they are what was written.
 *
 * @param {RunFacts} facts
 * @param {string} text base 64
 * @returns {Arrays}
 */
export function arraysOf(facts, text) {
  const bytes = bytesOfBase64(text.trim());
  const sizes = facts.arrays.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const size = facts.dtype === "float16" ? 2 : 4;
  const expected = size * sizes.reduce((a, b) => a + b, 0);
  if (bytes.length !== expected) {
    throw new Error(`weights of ${bytes.length} bytes, not ${expected}`);
  }
  if (sha256(bytes) !== facts.sha256) {
    throw new Error("weights are not those that were written: SHA-256 differs");
  }
  const floats = floatsOf(bytes, facts.dtype);
  /** @type {Arrays} */
  const arrays = {};
  let at = 0;
  facts.arrays.forEach(({ name }, k) => {
    arrays[name] = floats.slice(at, at + sizes[k]);
    at += sizes[k];
  });
  return arrays;
}

/** The runs that are open, each a model with its kind. */
export class Runs {
  constructor() {
    /** @type {Map<number, {kind: Kind, model: any}>} */
    this.open = new Map();
  }

  /**
   * Answer one question.
   *
   * @param {number} run its number
   * @param {string} call "open", or one of its kind's
   * @param {any} given
   * @returns {any}
   */
  answer(run, call, given) {
    if (call === "open") {
      const kind = kindNamed(given.facts.kind);
      this.open.set(run, {
        kind,
        model: kind.make(given.facts, arraysOf(given.facts, given.weights)),
      });
      return null;
    }
    const found = this.open.get(run);
    if (!found) throw new Error(`run ${run} is not open`);
    const function_ = found.kind.calls[call];
    if (!function_) throw new Error(`no call ${call}`);
    return function_(found.model, given);
  }
}
