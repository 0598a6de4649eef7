/** A reader's text as tokens of a vocabulary, and tokens as letters. */

/**
 * @typedef {object} Read
 * @property {number} token
 * @property {string} letters as they were typed
 * @property {boolean} unknown whether the vocabulary has no such token
 */

/**
 * How a run's text was cut and cleaned.
 *
 * @typedef {object} Reading
 * @property {string[]} vocab
 * @property {Map<string, number>} numbers
 * @property {boolean} ofWords
 * @property {boolean} lower whether the text was set in lower case
 */

/**
 * @param {import("./kinds.mjs").RunFacts} facts
 * @returns {Reading}
 */
export function readingOf(facts) {
  const { vocab } = facts.vocabularies;
  return {
    vocab,
    numbers: new Map(vocab.map((token, number) => [token, number])),
    ofWords: Boolean(facts.told.of_words),
    lower: facts.told.settings?.clean === "book",
  };
}

/**
 * Tokens of a text: those that the vocabulary lacks are read as `<unk>`, and marked.
 *
 * @param {string} text
 * @param {Reading} reading
 * @returns {Read[]}
 */
export function tokensOf(text, reading) {
  const pieces = reading.ofWords ? text.split(/\s+/).filter(Boolean) : Array.from(text);
  return pieces.map((letters) => {
    let piece =
      reading.numbers.has(letters) || !reading.lower ? letters : letters.toLowerCase();
    if (!reading.numbers.has(piece) && /^\s$/.test(piece)) piece = " ";
    const token = reading.numbers.get(piece);
    if (token !== undefined) return { token, letters, unknown: false };
    return { token: reading.numbers.get("<unk>") ?? 0, letters, unknown: true };
  });
}

/**
 * @param {number} token
 * @param {Reading} reading
 */
export function lettersOf(token, reading) {
  return reading.vocab[token] ?? "";
}

/**
 * A token so that it can be seen alone.
 *
 * @param {string} letters
 */
export function visible(letters) {
  if (letters === " ") return "␣";
  if (letters === "\n") return "⏎";
  if (letters === "\t") return "⇥";
  return letters;
}
