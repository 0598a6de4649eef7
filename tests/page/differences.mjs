// The backward pass beside central differences: {facts, weights, tokens} on stdin.
//
// Each token's row of the table, which it alone reads, is moved along a fixed direction;
// out is [[by the backward pass, by differences], ...], one a token and direction.
import { readFileSync } from "node:fs";
import { logSoftmax } from "../../d2l_rnn/page/static/arrays.mjs";
import { backward, scoreGradient } from "../../d2l_rnn/page/static/gradients.mjs";
import { arraysOf } from "../../d2l_rnn/page/static/kinds.mjs";
import { networkOf, readToken } from "../../d2l_rnn/page/static/network.mjs";

const { facts, weights, tokens, memory } = JSON.parse(readFileSync(0, "utf-8"));
const net = networkOf(facts.net, arraysOf(facts, weights));
const SMALL = 2 ** -7;
const TARGET = 1;

function read() {
  const steps = [];
  for (const token of tokens) {
    steps.push(readToken(net, token, steps[steps.length - 1] ?? null, memory));
  }
  return steps;
}

function logProb() {
  const steps = read();
  return logSoftmax(steps[steps.length - 1].scores)[TARGET];
}

const steps = read();
const last = steps.length - 1;
const byScores = new Map([[last, scoreGradient(steps[last].scores, TARGET)]]);
const found = backward(net, steps, byScores, memory === "none");
const both = [];
tokens.forEach((token, place) => {
  net.tables.forEach((table, direction) => {
    const dz = found[place][direction];
    const row = table.subarray(token * dz.length, (token + 1) * dz.length);
    const kept = row.slice();
    const along = Float32Array.from(dz, (_, k) => Math.cos(1 + k * k));
    const moved = [1, -1].map((sign) => {
      row.forEach((_, k) => (row[k] = kept[k] + sign * SMALL * along[k]));
      return logProb();
    });
    row.set(kept);
    const analytic = dz.reduce((sum, value, k) => sum + value * along[k], 0);
    both.push([analytic, (moved[0] - moved[1]) / (2 * SMALL)]);
  });
});
process.stdout.write(JSON.stringify(both));
