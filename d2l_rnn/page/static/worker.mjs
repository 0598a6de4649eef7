/**
 * The worker's end of the line.
 *
 * Asked is `{id, run, call, given}`; answered `{id, result}` or `{id, error}`.
 */
import "./computing.mjs";
import { Runs } from "./kinds.mjs";

const runs = new Runs();

self.onmessage = (event) => {
  const { id, run, call, given } = event.data;
  try {
    self.postMessage({ id, result: runs.answer(run, call, given) });
  } catch (error) {
    self.postMessage({
      id,
      error: String(error instanceof Error ? error.message : error),
    });
  }
};
