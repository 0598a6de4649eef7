/**
 * The wrong application, live: a bidirectional language model asked about a text that it
 * sees, about one that it does not see, and for a text of its own.
 */
import { barRows } from "./bars.mjs";
import { element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { readingOf, tokensOf, visible } from "./reading.mjs";
import { TokenGrid } from "./token_grid.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  "both sides": ["The wrong application, live", "现场演示：用错了地方"],
  "both sides help": [
    "This network reads from both sides. Asked for the next character of a text, it has already read that character from behind, and copies it: its perplexity says nothing. Each row is the same question with something else in sight. Choose a column to see why.",
    "这个网络从两侧阅读。问它下一个字符时，它已经从后面读到了那个字符，只是照抄：它的困惑度说明不了什么。每一行是同一个问题，能看到的东西不同。选择一列看看原因。",
  ],
  "both sides text": ["A text that it is asked about", "用来提问的文本"],
  "in its place": ["In the third row a character is replaced by", "第三行中把字符换成"],
  "the token": ["the text", "文本"],
  "sees all": [
    "sees the whole text: {right} of {count}",
    "看到全文：{count} 中对 {right}",
  ],
  "sees the past": [
    "sees what stands before: {right} of {count}",
    "只看到前文：{count} 中对 {right}",
  ],
  "sees another": [
    "{other} in its place: says {other}, {copied} of {count}",
    "该处换成 {other}：答 {other}，{count} 中 {copied}",
  ],
  "moved by": ["what moved the first answer", "第一行的答案由什么决定"],
  "leans on": [
    "About {letter}: the gradient of its log-probability comes to {before} from the characters before it, to {own} from the character itself, to {after} from those after it.",
    "关于 {letter}：其对数概率的梯度有 {before} 来自它前面的字符，{own} 来自它自己，{after} 来自它后面的字符。",
  ],
  "likeliest seeing all": ["Seeing all", "看到全文"],
  "likeliest seeing the past": ["Seeing what stands before", "只看到前文"],
  "likeliest seeing another": ["The character replaced", "该字符被替换"],
  "asked to go on": [
    "Asked to go on alone, with nothing to copy from:",
    "让它自己往下写，没有可照抄的：",
  ],
});

const EXAMPLE_TEXT = "the time traveller smiled and said nothing";
const LONGEST_GRID = 60;
const NUM_ALONE = 50;

/** @typedef {import("./both_sides_calls.mjs").Said} Said */

/** @param {import("./panels.mjs").RunOnPage} run */
function buildBothSides(run) {
  const reading = readingOf(run.facts);
  const fits = tokensOf(EXAMPLE_TEXT, reading).every(({ unknown }) => !unknown);
  const input = element("input", { type: "text", class: "wide", maxlength: 400 });
  input.value = fits ? EXAMPLE_TEXT : run.facts.told.prefixes.join(" ");
  const other = element("select");
  reading.vocab.forEach((letters, token) => {
    other.append(element("option", { value: token }, visible(letters)));
  });
  // A letter is seen better than the space, which is the commonest token of all.
  other.value = String(
    Math.max(
      reading.vocab.findIndex((token) => token === "e"),
      1,
    ),
  );
  const grid = new TokenGrid(explain);
  const why = element("p", { class: "soft", role: "status" });
  const three = element("div", { class: "three" });
  const alone = element("p", { class: "text" });
  // Two passes over the text a token: not before somebody looks, as others wait.
  const seen = new Promise((done) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      done(null);
    });
    observer.observe(grid.element);
  });
  let begun = 0;
  /** @type {number[]} */
  let tokens = [];
  /** @type {Record<"all" | "past" | "another", (Said | null)[]>} of all tokens but the first */
  let said = { all: [], past: [], another: [] };
  /** @type {number[] | null} */
  let moved = null;

  /**
   * @param {string} title
   * @param {(Said | null)[]} row
   * @returns {import("./token_grid.mjs").GridRow}
   */
  function answers(title, row) {
    const guesses = row.map((one) => one?.best[0][0] ?? null);
    const right = guesses.filter((token, k) => token === tokens[k + 1]).length;
    const cells = guesses.map((token, k) => {
      if (token === null) return { letters: "·" };
      return {
        letters: reading.vocab[token],
        kind: token === tokens[k + 1] ? "right" : "wrong",
      };
    });
    const count = guesses.filter((token) => token !== null).length;
    const put = Number(other.value);
    const copied = guesses.filter((token) => token === put).length;
    const values = { right, count, copied, other: visible(reading.vocab[put]) };
    return { title, values, cells: [{ letters: "" }, ...cells] };
  }

  function draw() {
    const most = Math.max(...(moved ?? [0])) || 1;
    grid.show([
      {
        title: "the token",
        cells: tokens.map((token) => ({ letters: reading.vocab[token], kind: "own" })),
      },
      answers("sees all", said.all),
      answers("sees the past", said.past),
      answers("sees another", said.another),
      {
        title: "moved by",
        cells: tokens.map((_, s) => ({ bar: (moved?.[s] ?? 0) / most })),
      },
    ]);
  }

  async function begin() {
    const mine = ++begun;
    const read = tokensOf(input.value, reading).slice(0, LONGEST_GRID);
    if (read.length < 2) return;
    tokens = read.map(({ token }) => token);
    const none = tokens.slice(1).map(() => null);
    const all = await run.ask("seeingAll", { tokens });
    if (mine !== begun) return;
    said = { all, past: none.slice(), another: none.slice() };
    moved = null;
    draw();
    grid.take(
      Math.min(grid.chosen || Math.floor(tokens.length / 2), tokens.length - 1),
    );
    const found = await run.ask("aloneAfter", { tokens, count: NUM_ALONE });
    if (mine !== begun) return;
    const written = found
      .map((/** @type {number} */ token) => reading.vocab[token])
      .join("");
    alone.replaceChildren(element("b", {}, input.value), written);
    await seen;
    const places = Array.from(tokens.keys()).slice(1);
    // The chosen one is looked at: it comes first.
    places.sort((a, b) => Number(b === grid.chosen) - Number(a === grid.chosen));
    for (const place of places) {
      said.past[place - 1] = await run.ask("seeingThePast", { tokens, place });
      const changed = { tokens, place, other: Number(other.value) };
      said.another[place - 1] = await run.ask("seeingAnother", changed);
      if (mine !== begun) return;
      draw();
      if (place === grid.chosen) showLikeliest(place);
    }
  }

  /** @param {number} place */
  async function explain(place) {
    if (place === 0) return;
    const mine = begun;
    showLikeliest(place);
    const found = await run.ask("leaning", { tokens, place });
    if (mine !== begun || place !== grid.chosen) return;
    moved = Array.from(found);
    draw();
    const total = moved.reduce((a, b) => a + b, 0) || 1;
    const share = (/** @type {number[]} */ part) =>
      `${((100 * part.reduce((a, b) => a + b, 0)) / total).toFixed(1)} %`;
    say(why, "leans on", {
      letter: visible(reading.vocab[tokens[place]]),
      before: share(moved.slice(0, place)),
      own: share([moved[place]]),
      after: share(moved.slice(place + 1)),
    });
  }

  /** @param {number} place */
  function showLikeliest(place) {
    const own = reading.vocab[tokens[place]];
    const columns = /** @type {const} */ ([
      ["likeliest seeing all", said.all],
      ["likeliest seeing the past", said.past],
      ["likeliest seeing another", said.another],
    ]);
    three.replaceChildren(
      ...columns.map(([title, row]) => {
        const best = row[place - 1]?.best ?? [];
        const bars = best.map(
          ([token, p]) => /** @type {[string, number]} */ ([reading.vocab[token], p]),
        );
        return element(
          "div",
          {},
          element("h3", { say: title }),
          element("ol", { class: "bars" }, ...barRows(bars, own)),
        );
      }),
    );
  }

  input.addEventListener("input", begin);
  other.addEventListener("change", begin);
  begin();
  return element(
    "div",
    {},
    element("p", { class: "soft", say: "both sides help" }),
    element(
      "div",
      { class: "fields" },
      labelled("both sides text", input),
      labelled("in its place", other),
    ),
    grid.element,
    why,
    three,
    element("h3", { say: "asked to go on" }),
    alone,
  );
}

registerPanel({
  kind: "language",
  title: "both sides",
  build: buildBothSides,
  when: (facts) => facts.net.num_directions === 2 && !facts.told.of_words,
});
