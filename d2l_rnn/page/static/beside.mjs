/** Several language models under one prefix, side by side. */
import { element, labelled } from "./elements.mjs";
import { Strip } from "./strip.mjs";
import { LONGEST_TEXT, textOf } from "./text.mjs";
import { registerWords, say } from "./words.mjs";

registerWords({
  beside: ["Side by side", "并排"],
  "beside help": [
    "Each goes on greedily after the same text; shade: the probability that it gave a token.",
    "每个网络都从同一段文字贪心地往下写；底色深浅：它给该词元的概率。",
  ],
  "beside surprise": [
    "perplexity of your text: {perplexity}",
    "你的文字的困惑度：{perplexity}",
  ],
  "after epochs": [
    "perplexity {perplexity} in training, after {epochs} epochs",
    "训练困惑度 {perplexity}，{epochs} 个迭代周期之后",
  ],
});

const GREEDY = { temperature: null, topK: null };

/**
 * @param {import("./panels.mjs").RunOnPage[]} runs
 * @returns {HTMLElement}
 */
export function buildBeside(runs) {
  const { told } = runs[0].facts;
  const input = element("textarea", {
    rows: 2,
    spellcheck: "false",
    autocapitalize: "off",
  });
  input.value = told.prefixes[0] ?? "";
  const count = element("input", {
    type: "number",
    min: 0,
    max: LONGEST_TEXT,
    step: 10,
    value: 200,
  });
  const cards = runs.map((run) => {
    const text = textOf(run);
    const strip = new Strip(run, (place) => ({
      strength: text.places[place].probability ?? 0,
    }));
    const surprise = element("p", { class: "soft" });
    run.on("text", () => {
      const perplexity = text.perplexity();
      surprise.hidden = perplexity === null;
      say(surprise, "beside surprise", {
        perplexity: perplexity?.toPrecision(3) ?? "",
      });
    });
    const name = element("h3");
    name.textContent = run.facts.name;
    const { epochs, perplexity } = run.facts.told;
    const about = element("p", { class: "soft" });
    if (perplexity)
      say(about, "after epochs", { epochs, perplexity: perplexity.toPrecision(4) });
    return element("div", { class: "card" }, name, about, strip.element, surprise);
  });

  async function anew() {
    const given = { memory: /** @type {const} */ ("whole"), label: 0, seed: 1 };
    await Promise.all(
      runs.map(async (run) => {
        const text = textOf(run);
        const mine = await text.begin(input.value, given);
        if (mine) await text.goOn(Math.floor(Number(count.value) || 0), GREEDY);
      }),
    );
  }

  input.addEventListener("input", anew);
  count.addEventListener("input", anew);
  anew();
  return element(
    "section",
    {},
    element("h2", { say: "beside" }),
    labelled("prefix", input),
    element("div", { class: "fields" }, labelled("how many", count)),
    element("p", { class: "soft", say: "beside help" }),
    element("div", { class: "cards" }, ...cards),
  );
}
