/** A hidden Markov model over the reader's text: its states, and both messages as bars. */
import { barRows } from "./bars.mjs";
import { readBlanks } from "./blanks.mjs";
import { element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { readingOf, visible } from "./reading.mjs";
import { TokenGrid } from "./token_grid.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "hidden states": ["Hidden states", "隐状态"],
  "hmm help": [
    "A hidden Markov model explains the text by states that nobody sees. Below each token stands how likely each of the states is that this text uses most, given the whole text. Write _ for a token that was not seen. Choose a column for its messages.",
    "隐马尔可夫模型用看不见的状态来解释文本。每个词元下面是在已知全文时，这段文本最常用的几个状态各有多可能。用 _ 表示没有看到的词元。选择一列查看它的消息。",
  ],
  "hmm text": ["A text", "一段文本"],
  "hmm likelihood": [
    "log P(text) = {total} nats: perplexity {perplexity} over {count} tokens.",
    "log P(文本) = {total} 奈特：{count} 个词元上的困惑度 {perplexity}。",
  ],
  "surprise in bits": ["surprise, given what stands before", "惊讶度，由前文"],
  "state row": ["state {state}: {emits}", "状态 {state}：{emits}"],
  "messages at": [
    "Messages at token {place}, {letters}",
    "第 {place} 个词元 {letters} 处的消息",
  ],
  "column state": ["state, and what it emits", "状态及其输出"],
  "column forward": ["forward: π(h)", "前向：π(h)"],
  "column emission": ["emission: P(x | h)", "输出：P(x | h)"],
  "column backward": ["backward: ρ(h)", "后向：ρ(h)"],
  "column posterior": ["posterior", "后验"],
  "messages help": [
    "Forward: what the text before says of the state; backward: what the text behind says. Their product with the emission, divided by its sum, is the posterior: in each column the largest bar is full. The numbers are probabilities, ρ is scaled to sum to one.",
    "前向：前面的文本对状态的说法；后向：后面的文本的说法。二者与输出概率之积除以总和就是后验。每列最大的条为满格；数字是概率，ρ 缩放到和为一。",
  ],
  "the messages": ["Messages of each state", "各状态的消息"],
  "could stand": [
    "What could stand here, given all others",
    "已知其余全部时，这里可能是",
  ],
});

const HMM_TEXT = "the time trav_ller smiled";
const LONGEST_CHAIN = 200;
const NUM_ROWS = 6;
const NUM_STATES_SHOWN = 10;
const HIDDEN_TOKEN = -1;

/** @typedef {import("./hmm.mjs").Messages} Messages */

/** @param {import("./panels.mjs").RunOnPage} run */
function buildHiddenMarkov(run) {
  const ofWords = run.facts.told.token === "word";
  const reading = { ...readingOf(run.facts), ofWords };
  const K = run.facts.net.num_states;
  const input = element("input", { type: "text", class: "wide", maxlength: 1000 });
  input.value = HMM_TEXT;
  if (
    ofWords ||
    Array.from(HMM_TEXT).some((c) => c !== "_" && !reading.numbers.has(c))
  ) {
    input.value = reading.vocab.slice(1, 12).join(ofWords ? " " : "");
  }
  const grid = new TokenGrid(explain);
  const told = element("p", { class: "soft", role: "status" });
  const title = element("h3");
  const body = element("tbody");
  const bars = element("ol", { class: "bars" });
  let begun = 0;
  /** @type {number[]} */
  let symbols = [];
  /** @type {(Messages & {there: [number, number][][]}) | null} */
  let found = null;
  /** @type {{state: number, emits: [number, number][]}[]} */
  let states = [];

  /** @param {number} symbol */
  function letters(symbol) {
    return symbol === HIDDEN_TOKEN ? "_" : reading.vocab[symbol];
  }

  /** @param {number} rank */
  function emitted(rank) {
    return states[rank].emits
      .slice(0, 4)
      .map(([symbol]) => visible(letters(symbol)))
      .join(" ");
  }

  async function begin() {
    const mine = ++begun;
    const { tokens, blanks } = readBlanks(input.value, ofWords, reading.lower);
    const read = tokens.slice(0, LONGEST_CHAIN).map((piece, t) => {
      return blanks.includes(t)
        ? HIDDEN_TOKEN
        : (reading.numbers.get(piece) ?? HIDDEN_TOKEN);
    });
    if (!read.length) return;
    states = states.length ? states : await run.ask("states");
    const answer = await run.ask("messages", { symbols: read });
    if (mine !== begun) return;
    symbols = read;
    found = answer;
    draw();
    const seen = symbols.filter((symbol) => symbol !== HIDDEN_TOKEN).length;
    const total = answer.logLikelihood;
    const perplexity = Math.exp(-total / Math.max(1, seen)).toFixed(2);
    say(told, "hmm likelihood", { total: total.toFixed(2), perplexity, count: seen });
    grid.take(Math.max(0, symbols.indexOf(HIDDEN_TOKEN)));
  }

  function draw() {
    if (!found) return;
    const { smoothed, surprise } = found;
    const weight = states.map(({ state }) =>
      symbols.reduce((sum, _, t) => sum + smoothed[t * K + state], 0),
    );
    const order = Array.from(weight.keys()).sort((a, b) => weight[b] - weight[a]);
    const most = Math.max(...surprise) || 1;
    grid.show([
      {
        title: "the token",
        cells: symbols.map((symbol) => ({
          letters: letters(symbol),
          kind: symbol === HIDDEN_TOKEN ? "blank" : "own",
        })),
      },
      {
        title: "surprise in bits",
        cells: surprise.map((nats) => ({ bar: nats / most, kind: "surprise" })),
      },
      ...order.slice(0, NUM_ROWS).map((rank) => ({
        title: "state row",
        values: { state: rank + 1, emits: emitted(rank) },
        cells: symbols.map((_, t) => ({ bar: smoothed[t * K + states[rank].state] })),
      })),
    ]);
  }

  /** @param {number} place */
  function explain(place) {
    if (!found) return;
    const { pi, rho, smoothed, there } = found;
    const symbol = symbols[place];
    say(title, "messages at", { place: place + 1, letters: visible(letters(symbol)) });
    const columns = states.map(({ state }, rank) => {
      const at = place * K + state;
      const emission = symbol === HIDDEN_TOKEN ? 1 : emissionOf(at);
      return { rank, numbers: [pi[at], emission, rho[at], smoothed[at]] };
    });
    const largest = [0, 1, 2, 3].map(
      (k) => Math.max(...columns.map(({ numbers }) => numbers[k])) || 1,
    );
    columns.sort((a, b) => b.numbers[3] - a.numbers[3]);
    body.replaceChildren(
      ...columns.slice(0, NUM_STATES_SHOWN).map(({ rank, numbers }) => {
        const head = element("th", { scope: "row" }, `${rank + 1}: ${emitted(rank)}`);
        const cells = numbers.map((value, k) => {
          const bar = element("span", { class: "bar-of" });
          bar.style.setProperty(
            "--strength",
            `${((100 * value) / largest[k]).toFixed(1)}%`,
          );
          return element(
            "td",
            {},
            bar,
            element("span", { class: "number" }, value.toFixed(3)),
          );
        });
        return element("tr", {}, head, ...cells);
      }),
    );
    const rows = there[place].map(
      ([id, p]) => /** @type {[string, number]} */ ([letters(id), p]),
    );
    bars.replaceChildren(...barRows(rows, letters(symbol)));
  }

  /**
   * P(x | h) out of what was found: filtered is pi times it, scaled.
   *
   * @param {number} at
   */
  function emissionOf(at) {
    const { pi, filtered, surprise } = /** @type {Messages} */ (found);
    const place = Math.floor(at / K);
    return pi[at] ? (filtered[at] * Math.exp(-surprise[place])) / pi[at] : 0;
  }

  input.addEventListener("input", begin);
  begin();
  const heads = ["state", "forward", "emission", "backward", "posterior"];
  return element(
    "div",
    {},
    element("p", { class: "soft", say: "hmm help" }),
    element("div", { class: "fields" }, labelled("hmm text", input)),
    grid.element,
    told,
    title,
    element(
      "div",
      { class: "wide-table", tabindex: 0, role: "group", sayLabel: "the messages" },
      element(
        "table",
        { class: "messages" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...heads.map((key) =>
              element("th", { scope: "col", say: `column ${key}` }),
            ),
          ),
        ),
        body,
      ),
    ),
    element("p", { class: "soft", say: "messages help" }),
    element("h3", { say: "could stand" }),
    element("div", { class: "three" }, bars),
  );
}

registerPanel({ kind: "hmm", title: "hidden states", build: buildHiddenMarkov });
