/**
 * The text of a language model, as the page knows it: what was typed, what the net
 * wrote, and what it thought of each.
 *
 * Events of the run: "text" when places were added or the text begun anew, "place" when
 * another place was chosen.
 */
import { lettersOf, readingOf, tokensOf } from "./reading.mjs";

/** The most tokens of a text: the worker keeps all that is needed to go back. */
export const LONGEST_TEXT = 2000;

const AT_ONCE = 16;

/**
 * @typedef {object} ShownPlace
 * @property {number} token
 * @property {string} letters
 * @property {boolean} unknown
 * @property {boolean} typed by the reader
 * @property {number | null} probability
 * @property {[number, number][]} best
 */

/** The text of one run. */
export class RunText {
  /** @param {import("./panels.mjs").RunOnPage} run */
  constructor(run) {
    this.run = run;
    this.reading = readingOf(run.facts);
    /** @type {ShownPlace[]} */
    this.places = [];
    /** @type {[number, number][]} the likeliest after the last place */
    this.next = [];
    /** @type {number | null} */
    this.chosen = null;
    this.begun = 0;
    this.halted = false;
  }

  /**
   * Begin anew with what the reader typed.
   *
   * @param {string} prefix
   * @param {{memory: import("./network.mjs").Memory, label: number, seed: number}} given
   * @returns {Promise<boolean>} false: another text was begun meanwhile
   */
  async begin(prefix, given) {
    const mine = ++this.begun;
    const read = this.tokens(prefix).slice(0, LONGEST_TEXT);
    this.run.ask("begin", given);
    const { places, next } = read.length
      ? await this.run.ask("read", { tokens: read.map(({ token }) => token) })
      : { places: [], next: [] };
    if (mine !== this.begun) return false;
    this.places = read.map((one, k) => ({ ...places[k], ...one, typed: true }));
    this.next = next;
    this.chosen = null;
    this.run.tell("text");
    return true;
  }

  /**
   * What a text becomes: of one-to-many every line begins with `<bos>`.
   *
   * @param {string} prefix
   */
  tokens(prefix) {
    const read = tokensOf(prefix, this.reading);
    if (!this.run.facts.told.labels?.length) return read;
    return [
      { token: this.reading.numbers.get("<bos>") ?? 0, letters: "", unknown: false },
      ...read,
    ];
  }

  /**
   * Let the net go on.
   *
   * @param {number} count
   * @param {import("./decode.mjs").Choice} choice
   * @param {number} pause milliseconds between two tokens; 0: as fast as it goes
   */
  async goOn(count, choice, pause = 0) {
    const mine = this.begun;
    const labelled = this.run.facts.told.labels?.length;
    const eos = labelled ? (this.reading.numbers.get("<eos>") ?? -1) : -1;
    let left = Math.min(count, LONGEST_TEXT - this.places.length);
    this.halted = false;
    while (left > 0 && this.next.length && !this.halted) {
      const asked = pause ? 1 : Math.min(left, AT_ONCE);
      const { places, next } = await this.run.ask("type", {
        count: asked,
        choice,
        eos,
      });
      if (mine !== this.begun) return;
      for (const place of places) {
        const letters = lettersOf(place.token, this.reading);
        this.places.push({ ...place, letters, unknown: false, typed: false });
      }
      this.next = next;
      this.run.tell("text");
      if (places.length < asked) return;
      left -= asked;
      if (pause) await new Promise((done) => setTimeout(done, pause));
    }
  }

  /** Go on no further than what the worker has been asked for. */
  halt() {
    this.halted = true;
  }

  /** @param {number | null} place */
  choose(place) {
    if (place === this.chosen) return;
    this.chosen = place;
    this.run.tell("place");
  }

  /** @param {boolean} typed only what the reader typed */
  text(typed = false) {
    const places = typed ? this.places.filter((place) => place.typed) : this.places;
    return places.map(({ letters }) => letters).join(this.reading.ofWords ? " " : "");
  }

  /**
   * exp of the mean surprise of what the reader typed, from its second token on.
   *
   * @returns {number | null}
   */
  perplexity() {
    let sum = 0;
    let count = 0;
    for (const { typed, probability } of this.places) {
      if (!typed || probability === null) continue;
      sum -= Math.log(probability);
      count++;
    }
    return count ? Math.exp(sum / count) : null;
  }
}

/**
 * @param {import("./panels.mjs").RunOnPage} run
 * @returns {RunText} the one that all its panels share
 */
export function textOf(run) {
  run.shared.text ??= new RunText(run);
  return run.shared.text;
}
