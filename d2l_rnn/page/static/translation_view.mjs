/** Translate: the decoder's steps one by one, where it looks, and the beam as a tree. */
import { attentionLines, attentionMap } from "./attention_view.mjs";
import { barRows } from "./bars.mjs";
import { pathOf } from "./beam.mjs";
import { BeamTree } from "./beam_view.mjs";
import { chooser, element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  translate: ["Translate", "翻译"],
  sentence: ["A sentence", "一个句子"],
  "beam size": ["Beam size (1: greedy)", "束宽（1：贪心）"],
  "length exponent": ["Exponent of the length", "长度的指数"],
  "encoder reads": ["The encoder reads", "编码器阅读"],
  "reads whole": ["as it was trained", "如训练时一样"],
  "reads forward": ["forward alone", "只从前往后"],
  "reads backward": ["backward alone", "只从后往前"],
  "reads reversed": ["from the last word to the first", "从最后一个词到第一个词"],
  "words unknown": [
    "Not in the vocabulary, read as <unk>: {tokens}.",
    "不在词表中，当作 <unk> 读入：{tokens}。",
  ],
  "words cut": ["Cut to {count} tokens.", "截断为 {count} 个词元。"],
  "found translations": ["Translations, the best first", "译文，最好的在前"],
  "score told": [
    "log P / L^{alpha} = {score}; P = {probability}",
    "log P / L^{alpha} = {score}；P = {probability}",
  ],
  unfinished: ["not finished", "未完成"],
  "step of": [
    "Step {step} of {count}: reads {read}, writes {written}",
    "第 {step} 步，共 {count} 步：读入 {read}，写出 {written}",
  ],
  "step slider": ["Step of the decoder", "解码器的步"],
  "likeliest at step": ["Likeliest at this step", "这一步最可能的"],
  "no attention": [
    "This decoder does not attend: all that it knows of the sentence is the encoder's last state.",
    "这个解码器没有注意力：它对句子的全部了解就是编码器的最后状态。",
  ],
  "the beam": ["The beam", "束搜索"],
  "beam help": [
    "A column is a step, a box a token with its probability after its own branch. Thick and blue: kept in the beam; green: an end; dashed: left, as others were likelier. Choose a box to follow its branch.",
    "每列一步，每框一个词元及其在所属分支上的概率。蓝色：留在束中；绿色：结束；虚线：被更可能的挤出。选择一个框以跟随它的分支。",
  ],
  branch: [
    "{text}: P = {probability}, log P = {logProb}.",
    "{text}：P = {probability}，log P = {logProb}。",
  ],
  "fate kept": ["It went on.", "继续扩展。"],
  "fate ended": ["It is a translation.", "成为一个译文。"],
  "fate left": ["Others were likelier: it was left.", "其他分支更可能，被舍弃。"],
  "fate stopped": [
    "Nothing better could follow: the search ended.",
    "之后不会有更好的，搜索结束。",
  ],
});

const EXAMPLE_SENTENCE = "i'm home .";
const NUM_LEFT = 2;

/** @param {import("./panels.mjs").RunOnPage} run */
function buildTranslation(run) {
  const { net, vocabularies, told } = run.facts;
  const target = vocabularies.tgt_vocab;
  const input = element("input", { type: "text", class: "wide", maxlength: 400 });
  const known = EXAMPLE_SENTENCE.split(" ").every((token) =>
    vocabularies.src_vocab.includes(token),
  );
  input.value = known ? EXAMPLE_SENTENCE : vocabularies.src_vocab.slice(4, 7).join(" ");
  const size = element("input", { type: "number", min: 1, max: 8, step: 1, value: 3 });
  const alpha = element("input", {
    type: "number",
    min: 0,
    max: 3,
    step: 0.25,
    value: 0.75,
  });
  const readings =
    net.encoder.num_directions === 2
      ? ["whole", "forward", "backward"]
      : ["whole", "reversed"];
  const reading = chooser(
    readings.map((way) => [way, `reads ${way}`]),
    begin,
  );
  const warned = element("p", { class: "soft", role: "status" });
  const list = element("ol", { class: "found" });
  const slider = element("input", {
    type: "range",
    min: 1,
    value: 1,
    sayLabel: "step slider",
  });
  const stepTold = element("p", { role: "status" });
  const bars = element("ol", { class: "bars" });
  const looks = element("div", { class: "looks" });
  const branchTold = element("span");
  const branchFate = element("span");
  const tree = new BeamTree(follow);
  let begun = 0;
  /** @type {any} */
  let found = null;
  /** @type {{best: [number, number][], weights: Float32Array | null}[]} */
  let steps = [];
  /** @type {number[]} */
  let written = [];

  /** @param {number} token */
  function word(token) {
    return target[token];
  }

  function numberIn(
    /** @type {HTMLInputElement} */ field,
    /** @type {number} */ usual,
  ) {
    const value = Number(field.value);
    const within = value >= Number(field.min) && value <= Number(field.max);
    return field.value !== "" && within ? value : usual;
  }

  async function begin() {
    const mine = ++begun;
    const width = Math.floor(numberIn(size, 1));
    const exponent = numberIn(alpha, 0.75);
    const choice = { size: width, alpha: exponent, numBest: width, numLeft: NUM_LEFT };
    const given = { text: input.value, choice, reading: reading.value };
    const answer = await run.ask("translate", given);
    if (mine !== begun) return;
    found = answer;
    if (found.cut) say(warned, "words cut", { count: told.num_steps });
    else if (found.unknown.length)
      say(warned, "words unknown", { tokens: found.unknown.join(" ") });
    warned.hidden = !found.cut && !found.unknown.length;
    list.replaceChildren(...found.best.map(oneFound(exponent)));
    tree.show(found.tree, word, "<bos>");
    tree.take(found.best[0].node);
  }

  /** @param {number} exponent */
  function oneFound(exponent) {
    return (/** @type {import("./beam.mjs").Hypothesis} */ one) => {
      const text = one.tokens.map(word).join(" ") || "<eos>";
      const pressed = element(
        "button",
        { type: "button", "data-node": one.node },
        text,
      );
      pressed.addEventListener("click", () => tree.take(one.node));
      const values = {
        alpha: exponent,
        score: one.score.toFixed(3),
        probability: Math.exp(one.logProb).toFixed(3),
      };
      const told = say(element("span", { class: "soft" }), "score told", values);
      const open = element("span", { class: "soft", say: "unfinished" });
      return element(
        "li",
        {},
        pressed,
        " ",
        told,
        ...(one.finished ? [] : [" · ", open]),
      );
    };
  }

  /** @param {import("./beam.mjs").BeamNode} node */
  async function follow(node) {
    const mine = begun;
    for (const pressed of list.querySelectorAll("button")) {
      pressed.setAttribute(
        "aria-pressed",
        String(Number(pressed.dataset.node) === node.id),
      );
    }
    const path = pathOf(found.tree, node.id).map((id) => found.tree[id].token);
    tellBranch(node, path);
    const read = await run.ask("steps", { tokens: path });
    if (mine !== begun || tree.chosen !== node.id) return;
    written = path;
    steps = read;
    slider.max = String(path.length);
    slider.value = slider.max;
    showStep();
  }

  /**
   * @param {import("./beam.mjs").BeamNode} node
   * @param {number[]} path
   */
  function tellBranch(node, path) {
    say(branchTold, "branch", {
      text: path.map(word).join(" "),
      probability: Math.exp(node.logProb).toPrecision(3),
      logProb: node.logProb.toFixed(3),
    });
    say(branchFate, `fate ${node.fate}`);
  }

  function showStep() {
    const step = Number(slider.value) - 1;
    const before = step ? word(written[step - 1]) : "<bos>";
    const values = {
      step: step + 1,
      count: written.length,
      read: before,
      written: word(written[step]),
    };
    say(stepTold, "step of", values);
    const rows = steps[step].best.map(
      ([token, p]) => /** @type {[string, number]} */ ([word(token), p]),
    );
    bars.replaceChildren(...barRows(rows, word(written[step])));
    if (!steps[0].weights) {
      looks.replaceChildren(element("p", { class: "soft", say: "no attention" }));
      return;
    }
    const source = found.read;
    const weights = steps.map((one) =>
      Array.from(one.weights ?? []).slice(0, source.length),
    );
    const attended = { source, target: written.map(word), weights, step };
    const choose = (/** @type {number} */ k) => {
      slider.value = String(k + 1);
      showStep();
    };
    looks.replaceChildren(attentionLines(attended), attentionMap(attended, choose));
  }

  for (const control of [input, size, alpha]) control.addEventListener("input", begin);
  slider.addEventListener("input", showStep);
  begin();
  return element(
    "div",
    {},
    element(
      "div",
      { class: "fields" },
      labelled("sentence", input),
      labelled("beam size", size),
      labelled("length exponent", alpha),
      labelled("encoder reads", reading),
    ),
    warned,
    element("h3", { say: "found translations" }),
    list,
    element(
      "div",
      { class: "stepping" },
      element(
        "div",
        {},
        stepTold,
        slider,
        element("h3", { say: "likeliest at step" }),
        bars,
      ),
      looks,
    ),
    element("h3", { say: "the beam" }),
    element("p", { class: "soft", say: "beam help" }),
    tree.element,
    element("p", { class: "soft", role: "status" }, branchTold, " ", branchFate),
  );
}

registerPanel({ kind: "translation", title: "translate", build: buildTranslation });
