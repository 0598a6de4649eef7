/** Draw: the net goes on pixel by pixel where the reader's pointer stopped. */
import { barRows } from "./bars.mjs";
import { button, element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { Picture } from "./picture.mjs";
import { Sketch } from "./sketch.mjs";
import { registerWords, say, words } from "./words.mjs";

registerWords({
  draw: ["Draw", "画"],
  "draw help": [
    "Draw the upper part of a picture: the net completes it, one pixel after the other, row by row, each drawn from what it thinks likely. Below the blue line all is the net's.",
    "画出图的上半部分：网络逐行、逐个像素地补全，每个像素都按它认为的概率抽取。蓝线以下都是网络画的。",
  ],
  "rows given": ["Rows that are yours", "由你画的行数"],
  "drawn as": ["Completed as", "补全为"],
  "as likeliest": ["what it looks like", "看起来最像的"],
  "picture temperature": ["Temperature (0: the likeliest)", "温度（0：最可能的）"],
  "draw once more": ["Once more", "再来一次"],
  "clear sketch": ["Clear", "清除"],
  "an example": ["An example", "一个例子"],
  completions: ["Completed by the network", "网络补全的"],
  "looks like": ["What the net takes your rows for", "网络把你的几行看作"],
  "classes help": [
    "P(class | your pixels) by Bayes' rule, from how likely the net finds your pixels under each class.",
    "由贝叶斯公式得到 P(类别 | 你的像素)：看网络在每个类别下认为你的像素有多可能。",
  ],
  "from nothing": ["Drawn from nothing, one of each class", "从零画起，每类一张"],
  "from nothing at all": ["Drawn from nothing", "从零画起"],
  "picture of": ["a picture by the network: {name}", "网络画的图：{name}"],
});

const NUM_COMPLETIONS = 5;
const PICTURE_SCALE = 8;

/** @param {import("./panels.mjs").RunOnPage} run */
function buildPixels(run) {
  const { net, vocabularies, told } = run.facts;
  const [height, width] = [Number(told.height), Number(told.width)];
  const numPixels = height * width;
  const names = vocabularies.classes;
  const sketch = new Sketch(height, width, net.num_levels, begin);
  const rows = element("input", {
    type: "range",
    min: 0,
    max: height - 1,
    value: sketch.rows,
  });
  const as = element(
    "select",
    {},
    element("option", { value: "", say: "as likeliest" }),
  );
  names.forEach((name, label) => as.append(element("option", { value: label }, name)));
  const temperature = element("input", {
    type: "number",
    min: 0,
    max: 5,
    step: 0.1,
    value: 0.7,
  });
  const shelf = element("div", { class: "shelf" });
  const sheet = element("div", { class: "shelf" });
  const bars = element("ol", { class: "bars" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let begun = 0;
  let seed = 1;
  const onSheet = names.length ? Array.from(names.keys()) : new Array(10).fill(0);
  let sheetDrawn = ""; // by which seed and temperature

  function heat() {
    const value = Number(temperature.value);
    return value > 0 && value <= 5 ? value : null;
  }

  /**
   * Pictures that are drawn before the reader's eyes.
   *
   * @param {HTMLElement} box
   * @param {number[]} labels
   * @param {number[]} given
   * @returns {Promise<number[][]>}
   */
  async function paint(box, labels, given) {
    const mine = begun;
    const how = { labels, pixels: given, temperature: heat(), seed };
    let levels = await run.ask("begin", how);
    if (mine !== begun) return levels;
    const pictures = labels.map(
      () => new Picture(height, width, net.num_levels, PICTURE_SCALE),
    );
    box.replaceChildren(
      ...pictures.map(({ canvas }, k) => {
        canvas.setAttribute("role", "img");
        const name = names[labels[k]] ?? "";
        say(canvas, "picture of", { name }, "aria-label");
        return element("figure", {}, canvas, element("figcaption", {}, name));
      }),
    );
    while (mine === begun) {
      pictures.forEach((picture, k) => picture.show(levels[k], given.length));
      if (levels[0].length >= numPixels) break;
      if (!still) await new Promise((done) => setTimeout(done, 25));
      if (mine !== begun) break;
      levels = await run.ask("drawOn", {
        count: still ? numPixels : Math.max(1, width >> 2),
      });
    }
    return levels;
  }

  async function begin() {
    const mine = ++begun;
    const { given } = sketch;
    const classes = await run.ask("classes", { pixels: given });
    if (mine !== begun) return;
    if (names.length) {
      const shares = names.map(
        (name, k) => /** @type {[string, number]} */ ([name, classes[k]]),
      );
      const best = names[classes.indexOf(Math.max(...classes))];
      bars.replaceChildren(...barRows(shares, best));
    }
    const label =
      as.value === "" ? classes.indexOf(Math.max(...classes)) : Number(as.value);
    await paint(shelf, new Array(NUM_COMPLETIONS).fill(label), given);
    const sheetNow = `${seed} ${heat()}`;
    if (mine !== begun || sheetNow === sheetDrawn) return;
    await paint(sheet, onSheet, []);
    if (mine === begun) sheetDrawn = sheetNow;
  }

  function again() {
    seed++;
    begin();
  }

  async function example() {
    begun++;
    seed++;
    const label = seed % Math.max(1, names.length);
    await run.ask("begin", { labels: [label], pixels: [], temperature: 0.5, seed });
    const [levels] = await run.ask("drawOn", { count: numPixels });
    sketch.set(
      levels.map((/** @type {number} */ level, /** @type {number} */ k) =>
        k < sketch.given.length ? level : 0,
      ),
    );
    begin();
  }

  rows.addEventListener("input", () => {
    sketch.take(Number(rows.value));
    rows.setAttribute("aria-valuetext", words("rows given") + " " + rows.value);
    begin();
  });
  for (const control of [as, temperature]) control.addEventListener("change", begin);
  example();
  return element(
    "div",
    {},
    element("p", { class: "soft", say: "draw help" }),
    element(
      "div",
      { class: "drawing" },
      element(
        "div",
        {},
        sketch.element,
        labelled("rows given", rows),
        element(
          "div",
          { class: "fields" },
          button("clear sketch", () => {
            sketch.set(new Array(numPixels).fill(0));
            begin();
          }),
          button("an example", example),
        ),
      ),
      element(
        "div",
        {},
        element(
          "div",
          { class: "fields" },
          ...(names.length ? [labelled("drawn as", as)] : []),
          labelled("picture temperature", temperature),
          button("draw once more", again),
        ),
        element("h3", { say: "completions" }),
        shelf,
        ...(names.length
          ? [
              element("h3", { say: "looks like" }),
              bars,
              element("p", { class: "soft", say: "classes help" }),
            ]
          : []),
      ),
    ),
    element("h3", { say: names.length ? "from nothing" : "from nothing at all" }),
    sheet,
  );
}

registerPanel({ kind: "pixels", title: "draw", build: buildPixels });
