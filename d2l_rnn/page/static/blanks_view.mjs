/** Filling blanks: what a net that reads both sides makes of a gap, and by what. */
import { barRows } from "./bars.mjs";
import { BLANKS, readBlanks } from "./blanks.mjs";
import { element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { readingOf, visible } from "./reading.mjs";
import { TokenGrid } from "./token_grid.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  blanks: ["Fill in blanks", "填空"],
  "blanks help": [
    "This network never sees what stands in the place that it is asked about, only both sides of it. Write {blank} for a blank. The second row is what it would put at each place, given all others. Choose a column.",
    "这个网络看不到所问位置上的内容，只看到它的两侧。用 {blank} 表示空白。第二行是它在已知其余全部内容时，在每个位置会填什么。选择一列。",
  ],
  "blanks text": ["A text with blanks", "带空白的文本"],
  "filled text": ["the blanks filled in", "填好的文本"],
  "given others": [
    "given all others: {right} of {count}",
    "已知其余：{count} 中对 {right}",
  ],
  "what moved it": ["what moved the answer", "答案由什么决定"],
  "no blank": ["No blank: write {blank} somewhere.", "没有空白：在某处写 {blank}。"],
  "blank in part": [
    "{word} is blank in part: this network fills in whole words, written ___.",
    "{word} 只有一部分是空白：这个网络填整个词，写作 ___。",
  ],
  "not known": [
    "Not in the vocabulary, read as <unk>: {tokens}.",
    "不在词表中，当作 <unk> 读入：{tokens}。",
  ],
  "filled at once": ["The blank was filled in one go.", "空白一次填成。"],
  "filled in turns": [
    "Several blanks depend on one another: filled in turn until none changed, {sweeps} times: {steps}.",
    "几个空白互相依赖：轮流填到不再变化，共 {sweeps} 遍：{steps}。",
  ],
  "likeliest at": [
    "Likeliest at {place}, given all others",
    "已知其余时第 {place} 处最可能的",
  ],
  sides: [
    "The gradient of the likeliest one's log-probability comes to {before} from the left side, to {after} from the right.",
    "最可能者的对数概率的梯度有 {before} 来自左侧，{after} 来自右侧。",
  ],
});

const EXAMPLE_BLANKS = {
  char: "the time travell_r smil_d",
  word: "i am ___ hungry and i can eat",
};
const MOST_TOKENS = 60;

/** @param {import("./panels.mjs").RunOnPage} run */
function buildBlanks(run) {
  const token = run.facts.told.token === "word" ? "word" : "char";
  const reading = { ...readingOf(run.facts), ofWords: token === "word" };
  const blank = BLANKS[token];
  const input = element("input", { type: "text", class: "wide", maxlength: 400 });
  input.value = EXAMPLE_BLANKS[token];
  if (readBlanks(input.value, reading.ofWords, reading.lower).tokens.some(isStrange)) {
    const own = reading.vocab.slice(1, 8);
    own[3] = blank;
    input.value = own.join(reading.ofWords ? " " : "");
  }
  const grid = new TokenGrid(explain);
  const told = element("p", { class: "soft", role: "status" });
  const strange = element("p", { class: "soft" });
  const title = element("h3");
  const bars = element("ol", { class: "bars" });
  const leans = element("p", { class: "soft" });
  let begun = 0;
  /** @type {number[]} */
  let ids = [];
  /** @type {number[]} */
  let blanks = [];
  /** @type {import("./both_sides_calls.mjs").Said[]} */
  let said = [];
  /** @type {number[] | null} */
  let moved = null;

  /** @param {string} piece */
  function isStrange(piece) {
    return !reading.numbers.has(piece) && !/^_+$/.test(piece);
  }

  /** @param {number} id */
  function letters(id) {
    return reading.vocab[id];
  }

  function draw() {
    const most = Math.max(...(moved ?? [0])) || 1;
    const guesses = said.map(({ best }) => best.find(([id]) => id !== 0)?.[0] ?? 0);
    const known = guesses.filter((_, t) => !blanks.includes(t));
    const right = guesses.filter(
      (id, t) => id === ids[t] && !blanks.includes(t),
    ).length;
    grid.show([
      {
        title: "filled text",
        cells: ids.map((id, t) => ({
          letters: letters(id),
          kind: blanks.includes(t) ? "blank" : "own",
        })),
      },
      {
        title: "given others",
        values: { right, count: known.length },
        cells: guesses.map((id, t) => ({
          letters: letters(id),
          kind: blanks.includes(t) ? "blank" : id === ids[t] ? "right" : "wrong",
        })),
      },
      {
        title: "what moved it",
        cells: ids.map((_, s) => ({ bar: (moved?.[s] ?? 0) / most })),
      },
    ]);
  }

  async function begin() {
    const mine = ++begun;
    const read = readBlanks(input.value, reading.ofWords, reading.lower);
    const tokens = read.tokens.slice(0, MOST_TOKENS);
    const torn = tokens.find((word) => word.includes("_") && !/^_+$/.test(word));
    if (torn) say(told, "blank in part", { word: torn });
    if (torn || tokens.length < 2) return;
    blanks = read.blanks.filter((place) => place < tokens.length);
    const given = tokens.map((piece) => reading.numbers.get(piece) ?? 0);
    const lost = [...new Set(tokens.filter(isStrange))].map(visible).join(" ");
    strange.hidden = !lost;
    say(strange, "not known", { tokens: lost });
    const filled = await run.ask("fill", { ids: given, blanks });
    const found = await run.ask("everyToken", { ids: filled.ids });
    if (mine !== begun) return;
    ids = filled.ids;
    said = found;
    moved = null;
    tellSweeps(filled.sweeps);
    draw();
    grid.take(blanks[0] ?? Math.floor(ids.length / 2));
  }

  /** @param {number[][]} sweeps what stood in the blanks after each */
  function tellSweeps(sweeps) {
    if (!blanks.length) say(told, "no blank", { blank });
    else if (blanks.length === 1) say(told, "filled at once");
    else {
      const steps = sweeps.map((sweep) =>
        sweep.map((id) => visible(letters(id))).join(" "),
      );
      say(told, "filled in turns", { sweeps: sweeps.length, steps: steps.join(" → ") });
    }
  }

  /** @param {number} place */
  async function explain(place) {
    const mine = begun;
    const best = said[place].best.filter(([id]) => id !== 0);
    say(title, "likeliest at", { place: place + 1 });
    const rows = best.map(
      ([id, p]) => /** @type {[string, number]} */ ([letters(id), p]),
    );
    bars.replaceChildren(...barRows(rows, letters(ids[place])));
    const found = await run.ask("leaning", { ids, place, token: best[0][0] });
    if (mine !== begun || place !== grid.chosen) return;
    moved = Array.from(found);
    draw();
    const total = moved.reduce((a, b) => a + b, 0) || 1;
    const left = moved.slice(0, place).reduce((a, b) => a + b, 0) / total;
    const shares = [left, 1 - left].map((share) => `${(100 * share).toFixed(1)} %`);
    say(leans, "sides", { before: shares[0], after: shares[1] });
  }

  input.addEventListener("input", begin);
  begin();
  return element(
    "div",
    {},
    say(element("p", { class: "soft" }), "blanks help", { blank }),
    element("div", { class: "fields" }, labelled("blanks text", input)),
    strange,
    grid.element,
    told,
    element("div", { class: "three" }, element("div", {}, title, bars)),
    leans,
  );
}

registerPanel({ kind: "both-sides", title: "blanks", build: buildBlanks });
