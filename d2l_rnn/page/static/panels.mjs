/**
 * Panels: what the page shows of a run, by its kind, each made by a module of its own.
 */

/** @typedef {import("./kinds.mjs").RunFacts} RunFacts */

/** A run as the panels of the page share it. */
export class RunOnPage extends EventTarget {
  /**
   * @param {number} number
   * @param {RunFacts} facts
   * @param {import("./client.mjs").Client} client
   */
  constructor(number, facts, client) {
    super();
    this.number = number;
    this.facts = facts;
    this.client = client;
    /**
     * What panels keep for one another, by the names of the modules that keep it.
     *
     * @type {Record<string, any>}
     */
    this.shared = {};
  }

  /**
   * Ask the worker about this run.
   *
   * @param {string} call
   * @param {object} given
   * @returns {Promise<any>}
   */
  ask(call, given = {}) {
    return this.client.ask(this.number, call, given);
  }

  /**
   * Tell the other panels that something is not what it was.
   *
   * @param {string} what
   */
  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  /**
   * @param {string} what
   * @param {() => void} heard
   */
  on(what, heard) {
    this.addEventListener(what, heard);
  }
}

/**
 * @typedef {object} Panel
 * @property {string} kind of the runs that it shows
 * @property {string} title key of its words
 * @property {(run: RunOnPage) => HTMLElement} build called once a run, when it is shown
 *   first and its net is open
 * @property {(facts: RunFacts) => boolean} [when] of which runs of the kind; default all
 */

/** @type {Panel[]} */
const PANELS = [];

/** @param {Panel} panel stands below those that are registered already */
export function registerPanel(panel) {
  PANELS.push(panel);
}

/**
 * @param {RunFacts} facts
 * @returns {Panel[]}
 */
export function panelsOf(facts) {
  return PANELS.filter(
    ({ kind, when }) => kind === facts.kind && (!when || when(facts)),
  );
}
