/** The page's end of the line to the worker. */

/** Asks the worker, one promise a question. */
export class Client {
  /** @param {Worker} worker */
  constructor(worker) {
    this.worker = worker;
    this.last = 0;
    /** @type {Map<number, {done: (result: any) => void, failed: (error: Error) => void}>} */
    this.waiting = new Map();
    worker.onmessage = ({ data }) => {
      const asked = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (!asked) return;
      if ("error" in data) asked.failed(new Error(data.error));
      else asked.done(data.result);
    };
  }

  /**
   * @param {number} run
   * @param {string} call
   * @param {object} given
   * @returns {Promise<any>}
   */
  ask(run, call, given = {}) {
    const id = ++this.last;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.worker.postMessage({ id, run, call, given });
    });
  }
}

/**
 * A worker of the computing modules, whose text the page carries.
 *
 * @param {string} source
 */
export function startWorker(source) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  return new Client(new Worker(url));
}
