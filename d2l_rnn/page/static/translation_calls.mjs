/** What the worker is asked about an encoder-decoder. */
import { likeliest } from "./decode.mjs";
import { registerKind } from "./kinds.mjs";
import {
  beginTranslation,
  decoderSteps,
  sourceIds,
  sourceTokens,
  translationOf,
  translations,
} from "./translation.mjs";

/**
 * @typedef {object} TranslationOnPage
 * @property {import("./translation.mjs").TranslationModel} model
 * @property {string[]} source its vocabulary
 * @property {string[]} target
 * @property {import("./translation.mjs").DecoderState | null} state of the sentence that
 *   was read last, before <bos>
 */

const NUM_SHOWN = 5;

registerKind(
  "translation",
  /** @returns {TranslationOnPage} */
  (facts, arrays) => ({
    model: translationOf(facts.net, arrays, Number(facts.told.num_steps)),
    source: facts.vocabularies.src_vocab,
    target: facts.vocabularies.tgt_vocab,
    state: null,
  }),
  {
    /**
     * Read a sentence, and search for translations.
     *
     * @param {TranslationOnPage} on
     * @param {{text: string, choice: import("./translation.mjs").BeamChoice,
     *   reading?: import("./translation.mjs").SourceReading}} given
     */
    translate(on, { text, choice, reading = "whole" }) {
      const tokens = sourceTokens(text);
      if (reading === "reversed") tokens.reverse();
      const numSteps = on.model.numSteps;
      const { ids, numValid } = sourceIds(tokens, on.source, numSteps);
      on.state = beginTranslation(on.model, ids, numValid, reading);
      const { best, tree } = translations(on.model, on.state, on.target, choice);
      return {
        best,
        tree,
        read: [...tokens, "<eos>"].slice(0, numSteps),
        unknown: tokens.filter((token) => !on.source.includes(token)),
        cut: tokens.length >= numSteps,
      };
    },

    /**
     * The steps along tokens that were written, of the sentence that was read last.
     *
     * @param {TranslationOnPage} on
     * @param {{tokens: number[]}} given <eos> with them where it was reached
     * @returns {{best: [number, number][], weights: Float32Array | null}[]}
     */
    steps(on, { tokens }) {
      if (!on.state) throw new Error("no sentence was read");
      const bos = on.target.indexOf("<bos>");
      return decoderSteps(on.model, on.state, bos, tokens).map(
        ({ logProbs, weights }) => ({
          best: likeliest(logProbs, NUM_SHOWN).map((id) => [
            id,
            Math.exp(logProbs[id]),
          ]),
          weights,
        }),
      );
    },
  },
);
