/** Memory: how a prediction depends on each earlier token, by its gradient. */
import { chart, placesBelow } from "./charts.mjs";
import { element } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { lettersOf, visible } from "./reading.mjs";
import { Strip } from "./strip.mjs";
import { textOf } from "./text.mjs";
import { registerWords, say, words } from "./words.mjs";

registerWords({
  "how far back": ["How far back it remembers", "它能记住多远"],
  "memory help": [
    "Choose a token: each one before it is shaded by the norm of the gradient of the logarithm of its probability with respect to that token’s input vector, on a logarithmic scale over three powers of ten. Orange: farther back than the gradient of training reached.",
    "选择一个词元：它前面每个词元的底色，是所选词元的对数概率对该词元输入向量的梯度的范数，按跨三个数量级的对数刻度。橙色：比训练时梯度所及更远。",
  ],
  "memory told": [
    "Prediction of {letters} as token {place}: 90 % of the sum of all norms lies within the last {near} tokens.",
    "预测第 {place} 个词元 {letters}：全部范数之和的 90 % 在最近 {near} 个词元之内。",
  ],
  "memory beyond": [
    " Beyond the {cut} that a gradient of training could reach lies {share} %.",
    " 训练时的梯度最多到达 {cut} 个词元，更远处占 {share} %。",
  ],
  "tokens back": ["tokens back from the prediction", "从预测处往回数的词元数"],
  truncated: ["beyond {cut}: truncated in training", "超过 {cut}：训练时被截断"],
});

/** Powers of ten that the shades span. */
const SPAN = 3;

/** @param {import("./panels.mjs").RunOnPage} run */
function buildMemory(run) {
  const text = textOf(run);
  const cut = Number(run.facts.told.settings.num_steps);
  /** @type {Float32Array} of the places before the prediction */
  let norms = new Float32Array(0);
  let largest = 1;
  const strip = new Strip(run, (place) => {
    if (place >= norms.length || !(norms[place] > 0)) return { strength: 0 };
    const strength = 1 + Math.log10(norms[place] / largest) / SPAN;
    return { strength: Math.max(0, strength), negative: norms.length - place > cut };
  });
  const lines = element("div", { class: "chart" });
  const told = element("p", { class: "soft", role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;

  /** The place whose token is predicted, and that token; null: none can be. */
  function predicted() {
    const count = text.places.length;
    if (text.chosen === null && count)
      return { place: count, token: text.next[0]?.[0] ?? 0 };
    if (!text.chosen) return null;
    return { place: text.chosen, token: text.places[text.chosen].token };
  }

  async function refresh() {
    const asked = predicted();
    const { begun } = text;
    norms = new Float32Array(0);
    if (asked) {
      norms = await run.ask("gradients", {
        place: asked.place - 1,
        token: asked.token,
      });
      if (begun !== text.begun) return;
    }
    largest = norms.reduce((most, value) => Math.max(most, value), 1e-30);
    strip.paint();
    draw();
  }

  function draw() {
    const asked = predicted();
    if (!asked || norms.length < 2) {
      told.textContent = "";
      return lines.replaceChildren();
    }
    const back = Array.from(norms).reverse();
    const sum = back.reduce((total, value) => total + value, 0);
    let near = 0;
    for (let within = 0; near < back.length && within < 0.9 * sum; near++)
      within += back[near];
    const beyond = back.slice(cut).reduce((total, value) => total + value, 0);
    const letters = visible(lettersOf(asked.token, text.reading));
    told.textContent = words("memory told", { letters, place: asked.place + 1, near });
    if (back.length > cut) {
      const share = ((100 * beyond) / sum).toPrecision(2);
      told.textContent += words("memory beyond", { cut, share });
    }
    const logs = back.map((value) => Math.log10(value / largest));
    const lowest = Math.max(
      -8,
      Math.floor(Math.min(-1, ...logs.filter(Number.isFinite))),
    );
    const shown = logs.map((value) => (value >= lowest ? value : NaN));
    /** @type {[number, string][]} */
    const ticks = [];
    for (let power = 0; power >= lowest; power -= lowest < -4 ? 2 : 1)
      ticks.push([power, power ? `1e${power}` : "1"]);
    // Of distances 1, 2, ... the first stands at 0.
    const below = placesBelow(back.length + 1)
      .slice(1)
      .map(([d, t]) => /** @type {[number, string]} */ ([d - 1, t]));
    const axes = {
      range: /** @type {[number, number]} */ ([lowest, 0]),
      ticks,
      below,
      label: "tokens back",
      beyond: cut ? { from: cut - 0.5, title: "truncated", values: { cut } } : null,
    };
    lines.replaceChildren(
      chart(
        [{ title: "how far back", values: shown, colour: 0 }],
        axes,
        told.textContent ?? "",
      ),
    );
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 120);
  }

  run.on("text", later);
  run.on("place", later);
  document.addEventListener("spoken", draw);
  later();
  return element(
    "div",
    {},
    say(element("p", { class: "soft" }), "memory help"),
    strip.element,
    lines,
    told,
  );
}

registerPanel({ kind: "language", title: "how far back", build: buildMemory });
