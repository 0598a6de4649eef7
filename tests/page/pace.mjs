// Characters a second of processor time: {facts, weights, tokens, count} on stdin.
import { readFileSync } from "node:fs";
import "../../d2l_rnn/page/static/computing.mjs";
import { Runs } from "../../d2l_rnn/page/static/kinds.mjs";

const { facts, weights, tokens, count } = JSON.parse(readFileSync(0, "utf-8"));
const runs = new Runs();
runs.answer(0, "open", { facts, weights });
const paces = [];
for (let time = 0; time < 5; time++) {
  runs.answer(0, "begin", {});
  runs.answer(0, "read", { tokens });
  const before = process.cpuUsage().user;
  runs.answer(0, "type", { count, choice: { temperature: null, topK: null } });
  paces.push(count / ((process.cpuUsage().user - before) / 1e6));
}
process.stdout.write(JSON.stringify(Math.max(...paces)));
