/** Which units follow something that can be named: spaces, the place in a word, ... */

/**
 * Features of a text, a number a place, by the keys of their words.
 *
 * @param {string[]} letters
 * @param {boolean} ofWords whether a token is a word
 * @returns {Record<string, number[]>}
 */
export function featuresOf(letters, ofWords) {
  let inWord = 0;
  let inLine = 0;
  const inWords = letters.map(
    (letter) => (inWord = /\s/.test(letter) ? 0 : inWord + 1),
  );
  const inLines = letters.map((letter) => (inLine = letter === "\n" ? 0 : inLine + 1));
  /** @type {Record<string, number[]>} */
  const features = { "place in the text": letters.map((_, place) => place) };
  if (letters.includes("\n")) features["place in the line"] = inLines;
  if (ofWords) return features;
  return {
    spaces: letters.map((letter) => Number(/\s/.test(letter))),
    "place in the word": inWords,
    vowels: letters.map((letter) => Number(/[aeiou]/i.test(letter))),
    ...features,
  };
}

/**
 * Pearson's correlation; 0 where one of them is constant.
 *
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 */
export function correlation(x, y) {
  const count = x.length;
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < count; i++) {
    meanX += x[i] / count;
    meanY += y[i] / count;
  }
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < count; i++) {
    const a = x[i] - meanX;
    const b = y[i] - meanY;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  return xx > 1e-12 && yy > 1e-12 ? xy / Math.sqrt(xx * yy) : 0;
}

/**
 * @typedef {object} Followed
 * @property {string} feature
 * @property {[number, number][]} units the first few, with their correlations
 * @property {number} byChance the largest correlation without a sign of any unit, where
 *   the feature is moved by half of the text: what is no larger says nothing
 */

/**
 * @param {Float32Array[]} states (places, each h); more than letters: the net wrote on
 * @param {string[]} letters
 * @param {boolean} ofWords
 * @param {number} count units a feature
 * @returns {Followed[]}
 */
export function ranked(states, letters, ofWords, count = 5) {
  const width = states[0]?.length ?? 0;
  const read = states.slice(0, letters.length);
  const units = Array.from({ length: width }, (_, unit) =>
    read.map((state) => state[unit]),
  );
  const half = Math.floor(letters.length / 2);
  return Object.entries(featuresOf(letters, ofWords)).map(([feature, values]) => {
    const moved = values.map((_, place) => values[(place + half) % values.length]);
    /** @type {[number, number][]} */
    const found = units.map((unit, number) => [number, correlation(unit, values)]);
    found.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
    const byChance = Math.max(
      0,
      ...units.map((unit) => Math.abs(correlation(unit, moved))),
    );
    return { feature, units: found.slice(0, count), byChance };
  });
}
