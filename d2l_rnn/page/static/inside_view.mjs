/** Look inside: states and gates of all units, one unit through the text, and ranks. */
import { chart, placesBelow } from "./charts.mjs";
import { button, chooser, element, labelled } from "./elements.mjs";
import { HeatMap } from "./heat_map.mjs";
import { registerPanel } from "./panels.mjs";
import { Strip } from "./strip.mjs";
import { textOf } from "./text.mjs";
import { registerWords, say, words } from "./words.mjs";

registerWords({
  inside: ["Look inside", "看看里面"],
  "which array": ["What is shown", "显示什么"],
  state: ["hidden state H", "隐状态 H"],
  "memory cell": ["memory cell C", "记忆元 C"],
  input: ["input gate", "输入门"],
  forget: ["forget gate", "遗忘门"],
  output: ["output gate", "输出门"],
  candidate: ["candidate", "候选"],
  reset: ["reset gate", "重置门"],
  update: ["update gate", "更新门"],
  layer: ["Layer", "层"],
  direction: ["Direction", "方向"],
  forwards: ["forwards", "前向"],
  backwards: ["backwards", "后向"],
  unit: ["Unit", "单元"],
  "unit told": ["Unit {unit} over the text", "单元 {unit} 随文本的变化"],
  "of unit": [
    "The text coloured by the state of unit {unit}: blue positive, orange negative",
    "按单元 {unit} 的状态着色：蓝色为正，橙色为负",
  ],
  token: ["token", "词元"],
  follow: ["Units that follow …", "跟随……的单元"],
  spaces: ["spaces", "空格"],
  "place in the word": ["the place in the word", "在词中的位置"],
  "place in the line": ["the place in the line", "在行中的位置"],
  "place in the text": ["the place in the text", "在文本中的位置"],
  vowels: ["vowels", "元音字母"],
  "follow help": [
    "Correlations over the {count} tokens above; behind “chance”, the largest of all units with the text turned by half: what is no larger says nothing. Let the net write some hundreds first.",
    "在上面 {count} 个词元上的相关系数；“偶然”之后是把文本错开一半时所有单元中的最大值：不比它大的不说明什么。先让网络写几百个词元。",
  ],
  "one unit": ["{unit} (r = {r})", "{unit}（r = {r}）"],
  chance: ["chance {r}", "偶然 {r}"],
});

const COLOURS_OF = {
  state: 0,
  memory: 1,
  forget: 2,
  input: 3,
  output: 4,
  candidate: 5,
  reset: 2,
  update: 3,
};

/** @param {import("./panels.mjs").RunOnPage} run */
function buildInside(run) {
  const { net } = run.facts;
  const text = textOf(run);
  /** @type {Record<string, string[]>} */
  const gates = {
    gru: ["reset", "update", "candidate"],
    lstm: ["input", "forget", "candidate", "output"],
  };
  const arrays = [
    "state",
    ...(net.cell === "lstm" ? ["memory"] : []),
    ...(gates[net.cell] ?? []),
  ];
  const array = chooser(
    arrays.map((name) => [name, arrayTitle(name)]),
    refresh,
  );
  const layer = element("input", {
    type: "number",
    min: 1,
    max: net.num_layers,
    value: net.num_layers,
  });
  const direction = chooser(
    [
      ["0", "forwards"],
      ["1", "backwards"],
    ],
    refresh,
  );
  const number = element("input", {
    type: "number",
    min: 0,
    max: net.num_hiddens - 1,
    value: 0,
  });
  const heat = new HeatMap((place, unit) => {
    text.choose(Math.min(place, text.places.length - 1));
    choose(unit);
  });
  /** @type {Record<string, Float32Array>} */
  let traces = {};
  const strip = new Strip(run, (place) => {
    const values = traces.state ?? [];
    const largest = values.reduce(
      (/** @type {number} */ most, /** @type {number} */ v) =>
        Math.max(most, Math.abs(v)),
      1e-9,
    );
    return {
      strength: Math.abs(values[place] ?? 0) / largest,
      negative: values[place] < 0,
    };
  });
  const stripTitle = element("h3");
  const lines = element("div", { class: "chart" });
  const ranks = element("dl", { class: "ranks" });
  const help = element("p", { class: "soft" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;

  function unit() {
    return Math.min(
      Math.max(Math.floor(Number(number.value) || 0), 0),
      net.num_hiddens - 1,
    );
  }

  function where() {
    const top = Math.min(
      Math.max(Math.floor(Number(layer.value) || 1), 1),
      net.num_layers,
    );
    return {
      layer: top - 1,
      direction: net.num_directions > 1 ? Number(direction.value) : 0,
    };
  }

  /** @param {number} wanted */
  function choose(wanted) {
    number.value = String(wanted);
    showUnit();
  }

  async function showUnit() {
    const asked = text.begun;
    traces = await run.ask("unit", { unit: unit(), ...where() });
    if (asked !== text.begun) return;
    heat.mark(unit(), text.chosen);
    say(stripTitle, "of unit", { unit: unit() });
    strip.paint();
    drawLines();
  }

  function drawLines() {
    const shown = Object.entries(traces).map(([name, values]) => ({
      title: arrayTitle(name),
      values,
      colour: COLOURS_OF[/** @type {keyof typeof COLOURS_OF} */ (name)],
    }));
    const count = traces.state?.length ?? 0;
    if (!count) return lines.replaceChildren();
    const all = shown.flatMap(({ values }) => Array.from(values, Math.abs));
    const top = Math.max(1, ...all);
    const range = /** @type {[number, number]} */ ([-top, top]);
    const ticks = [-top, 0, top].map(
      (v) => /** @type {[number, string]} */ ([v, v.toFixed(top > 1 ? 1 : 0)]),
    );
    const axes = {
      range,
      ticks,
      below: placesBelow(count),
      label: "token",
      beyond: null,
    };
    lines.replaceChildren(chart(shown, axes, words("unit told", { unit: unit() })));
  }

  async function refresh() {
    if (!text.places.length) return;
    const asked = text.begun;
    const letters = text.places.map((place) => place.letters);
    const { width, values } = await run.ask("states", {
      array: array.value,
      ...where(),
    });
    const found = await run.ask("rank", {
      letters,
      ofWords: text.reading.ofWords,
      ...where(),
    });
    if (asked !== text.begun) return;
    heat.draw(values, width, letters);
    showRanks(found, letters.length);
    await showUnit();
  }

  /**
   * @param {import("./units.mjs").Followed[]} found
   * @param {number} count
   */
  function showRanks(found, count) {
    ranks.replaceChildren(
      ...found.flatMap(({ feature, units, byChance }) => [
        element("dt", { say: feature }),
        element(
          "dd",
          {},
          ...units.map(([which, r]) => {
            const one = button("unit", () => choose(which));
            return say(one, "one unit", { unit: which, r: r.toFixed(2) });
          }),
          say(element("span", { class: "soft" }), "chance", { r: byChance.toFixed(2) }),
        ),
      ]),
    );
    say(help, "follow help", { count });
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 200);
  }

  run.on("text", later);
  run.on("place", () => heat.mark(unit(), text.chosen));
  layer.addEventListener("input", refresh);
  number.addEventListener("input", showUnit);
  document.addEventListener("spoken", drawLines);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  later();
  return element(
    "div",
    {},
    element(
      "div",
      { class: "fields" },
      labelled("which array", array),
      ...(net.num_layers > 1 ? [labelled("layer", layer)] : []),
      ...(net.num_directions > 1 ? [labelled("direction", direction)] : []),
      labelled("unit", number),
    ),
    element(
      "div",
      { class: "beside" },
      heat.element,
      element("div", {}, element("h3", { say: "follow" }), ranks, help),
    ),
    stripTitle,
    strip.element,
    lines,
  );
}

/** @param {string} name of an array */
function arrayTitle(name) {
  return name === "memory" ? "memory cell" : name;
}

registerPanel({ kind: "language", title: "inside", build: buildInside });
