/** Type: the net goes on after what the reader typed, live. */
import { button, chooser, element, labelled } from "./elements.mjs";
import { likeliestView } from "./likeliest_view.mjs";
import { registerPanel } from "./panels.mjs";
import { Strip } from "./strip.mjs";
import { LONGEST_TEXT, textOf } from "./text.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  type: ["Type", "输入"],
  prefix: ["Your text", "你的文字"],
  "go on": ["Go on", "继续写"],
  stop: ["Stop", "停"],
  "another draw": ["Draw again", "重新抽取"],
  how: ["Next token", "下一个词元"],
  greedy: ["the likeliest", "最可能的"],
  drawn: ["drawn at random", "随机抽取"],
  temperature: ["Temperature", "温度"],
  "top k": ["Of the k likeliest (0: of all)", "只从最可能的 k 个中（0：全部）"],
  "how many": ["Tokens to write", "要写的词元数"],
  label: ["Language", "语言"],
  memory: ["Memory", "记忆"],
  "memory whole": ["as it was trained", "训练所得"],
  "memory alone": ["W_hh set to zero", "令 W_hh 为零"],
  "memory none": ["state emptied before each token", "每个词元之前清空状态"],
  "typing help": [
    "Shade: the probability that the net gave a token before it read it. Bold: yours. Point at a token, or choose it with the arrow keys.",
    "底色深浅：网络在读到该词元之前给它的概率。粗体：你输入的。用指针或方向键选择一个词元。",
  ],
  surprise: [
    "Perplexity of your text: {perplexity}, as if each token were guessed among so many that are equally likely; of {size} tokens that the net knows.",
    "你的文字的困惑度：{perplexity}，相当于每个词元都在这么多个同样可能的词元中猜；网络共认识 {size} 个词元。",
  ],
  "no surprise": [
    "Type two tokens at least to see how surprised the net is.",
    "至少输入两个词元，才能看出网络有多惊讶。",
  ],
  "as recorded": [
    "This is the text of the run’s record, letter for letter.",
    "与该次运行记录中的文本逐字相同。",
  ],
  "not as recorded": [
    "The run’s record goes on otherwise from token {place} on: {text}",
    "从第 {place} 个词元起与该次运行的记录不同：{text}",
  ],
  "text full": [
    "The text has {longest} tokens: as many as the page keeps.",
    "文本已有 {longest} 个词元，页面最多保留这么多。",
  ],
});

const PAUSE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 40;

/** @param {import("./panels.mjs").RunOnPage} run */
function buildTyping(run) {
  const { told } = run.facts;
  const text = textOf(run);
  const strip = new Strip(run, (place) => ({
    strength: text.places[place].probability ?? 0,
  }));
  const input = element("textarea", {
    rows: 2,
    spellcheck: "false",
    autocapitalize: "off",
  });
  input.value = told.prefixes[0] ?? "";
  const how = chooser(
    [
      ["greedy", "greedy"],
      ["drawn", "drawn"],
    ],
    anew,
  );
  const temperature = element("input", {
    type: "number",
    min: 0.05,
    max: 5,
    step: 0.05,
    value: 0.7,
  });
  const topK = element("input", {
    type: "number",
    min: 0,
    max: 100000,
    step: 1,
    value: 0,
  });
  const memory = chooser(
    ["whole", "alone", "none"].map((m) => [m, `memory ${m}`]),
    anew,
  );
  const count = element("input", {
    type: "number",
    min: 0,
    max: LONGEST_TEXT,
    step: 10,
  });
  count.value = String(told.settings.num_preds ?? 50);
  const label = element(
    "select",
    {},
    ...(told.labels ?? []).map((/** @type {string} */ l) => element("option", {}, l)),
  );
  const drawn = element(
    "div",
    { class: "fields", hidden: true },
    labelled("temperature", temperature),
    labelled("top k", topK),
    button("another draw", () => {
      seed++;
      anew();
    }),
  );
  const surprise = element("p", { class: "soft", role: "status" });
  const recorded = element("p", { class: "soft" });
  let seed = 1;

  /** @returns {import("./decode.mjs").Choice} */
  function choice() {
    drawn.hidden = how.value === "greedy";
    if (how.value === "greedy") return { temperature: null, topK: null };
    const k = Math.floor(Number(topK.value));
    const t = Number(temperature.value);
    return { temperature: t > 0 && t < Infinity ? t : 1, topK: k >= 1 ? k : null };
  }

  function howMany() {
    return Math.min(Math.max(Math.floor(Number(count.value) || 0), 0), LONGEST_TEXT);
  }

  /** @param {number} pause */
  async function begin(pause) {
    const given = { memory: memory.value, label: label.selectedIndex, seed };
    recorded.textContent = "";
    recorded.removeAttribute("data-words");
    const mine = await text.begin(input.value, /** @type {any} */ (given));
    if (!mine) return;
    showSurprise();
    const asked = howMany();
    const { begun } = text;
    await text.goOn(asked, choice(), pause);
    if (begun === text.begun && how.value === "greedy" && memory.value === "whole")
      compare();
  }

  function anew() {
    begin(0);
  }

  /** Beside what the run's record has after this prefix. */
  function compare() {
    const known = told.prefixes.indexOf(input.value);
    const wanted = known >= 0 ? told.texts?.[known] : undefined;
    const found = text.text();
    if (typeof wanted !== "string" || !wanted || found.length < wanted.length) return;
    if (found.startsWith(wanted)) {
      say(recorded, "as recorded");
      return;
    }
    const place = Array.from(wanted).findIndex(
      (letter, k) => letter !== Array.from(found)[k],
    );
    say(recorded, "not as recorded", { place: place + 1, text: wanted });
  }

  function showSurprise() {
    const perplexity = text.perplexity();
    const size = text.reading.vocab.length;
    if (perplexity === null) say(surprise, "no surprise");
    else say(surprise, "surprise", { perplexity: perplexity.toPrecision(3), size });
  }

  run.on("text", () => {
    if (text.places.length >= LONGEST_TEXT)
      say(recorded, "text full", { longest: LONGEST_TEXT });
  });
  for (const control of [input, temperature, topK])
    control.addEventListener("input", anew);
  label.addEventListener("change", anew);
  begin(PAUSE);
  return element(
    "div",
    {},
    labelled("prefix", input),
    element(
      "div",
      { class: "fields" },
      labelled("how", how),
      labelled("how many", count),
      labelled("memory", memory),
      ...(told.labels?.length ? [labelled("label", label)] : []),
      button("go on", () => text.goOn(howMany(), choice(), 0), { class: "main" }),
      button("stop", () => text.halt()),
    ),
    drawn,
    element("div", { class: "reading" }, strip.element, likeliestView(run)),
    element("p", { class: "soft", say: "typing help" }),
    surprise,
    recorded,
  );
}

registerPanel({ kind: "language", title: "type", build: buildTyping });
