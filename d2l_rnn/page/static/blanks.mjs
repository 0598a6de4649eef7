/** A text with blanks in it as tokens, cleaned as the net's own text was. */

/** How a blank is written: one character, or a word. */
export const BLANKS = { char: "_", word: "___" };

/**
 * As `read_blanks` of d2l_rnn/data/blanks.py.
 *
 * @param {string} text
 * @param {boolean} ofWords
 * @param {boolean} cleaned to letters of the alphabet in lower case, as the book does
 * @returns {{tokens: string[], blanks: number[]}} a word that is blank in part is one
 *   token, and no blank
 */
export function readBlanks(text, ofWords, cleaned) {
  const pieces = text.split(/(_+)/).map((piece) => {
    if (!cleaned || piece.startsWith("_")) return piece;
    return piece.replace(/[^A-Za-z]+/g, " ").toLowerCase();
  });
  const whole = pieces.join("").trim();
  const tokens = ofWords ? whole.split(/\s+/).filter(Boolean) : Array.from(whole);
  const blanks = [];
  for (let place = 0; place < tokens.length; place++) {
    if (/^_+$/.test(tokens[place])) blanks.push(place);
  }
  return { tokens, blanks };
}
