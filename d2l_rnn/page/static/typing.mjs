/** Type: the net goes on after what the reader typed. */
import { button, element, labelled } from "./elements.mjs";
import { registerPanel } from "./panels.mjs";
import { registerWords } from "./words.mjs";

registerWords({
  type: ["Type", "输入"],
  prefix: ["Your text", "你的文字"],
  "go on": ["Go on", "继续写"],
});

/**
 * @param {import("./panels.mjs").RunOnPage} run
 */
function buildTyping(run) {
  const vocab = run.facts.vocabularies.vocab;
  const input = element("input", { type: "text", value: run.facts.told.prefixes[0] });
  const text = element("p", { class: "text", "aria-live": "polite" });
  async function go() {
    const tokens = Array.from(input.value, (letter) => Math.max(vocab.indexOf(letter), 0));
    await run.ask("begin");
    await run.ask("read", { tokens });
    const choice = { temperature: null, topK: null };
    const { places } = await run.ask("type", { count: 50, choice });
    text.textContent =
      input.value +
      places.map((/** @type {{token: number}} */ place) => vocab[place.token]).join("");
  }
  go();
  return element("div", {}, labelled("prefix", input), button("go on", go), text);
}

registerPanel({ kind: "language", title: "type", build: buildTyping });
