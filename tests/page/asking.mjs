// Answers questions as the page's worker does: JSON on stdin, JSON on stdout.
//
// In: {facts, weights, calls: [[call, given], ...]}; out: the answers in their order.
import { readFileSync } from "node:fs";
import "../../d2l_rnn/page/static/computing.mjs";
import { Runs } from "../../d2l_rnn/page/static/kinds.mjs";

const { facts, weights, calls } = JSON.parse(readFileSync(0, "utf-8"));
const runs = new Runs();
runs.answer(0, "open", { facts, weights });
const answers = calls.map(([call, given]) => runs.answer(0, call, given));
process.stdout.write(
  JSON.stringify(answers, (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value) : value,
  ),
);
