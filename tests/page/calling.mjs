// Calls exported functions: JSON on stdin, JSON on stdout.
//
// In: [[file, function, [argument, ...]], ...]; {"floats": [...]} and {"bytes": [...]}
// stand for typed arrays, {"map": [...]} for one of each to its place. Out: what they
// return, in their order.
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf-8"), (_, value) => {
  if (value?.floats) return Float32Array.from(value.floats);
  if (Array.isArray(value?.map))
    return new Map(value.map.map((key, place) => [key, place]));
  return value?.bytes ? Uint8Array.from(value.bytes) : value;
});
const answers = [];
for (const [file, name, values] of given) {
  const module = await import(`../../d2l_rnn/page/static/${file}`);
  answers.push(module[name](...values));
}
process.stdout.write(
  JSON.stringify(answers, (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value) : value,
  ),
);
