/** Beam search (book Section 9.8), with all that it looked at as a tree. */

/**
 * A token that a search considered.
 *
 * @typedef {object} BeamNode
 * @property {number} id its place in the tree
 * @property {number} parent -1: follows the first token
 * @property {number} length of the path that ends here
 * @property {number} token
 * @property {number} logProb of the whole path, in nats
 * @property {number} own log-probability of this token alone
 * @property {"kept" | "ended" | "left" | "stopped"} fate kept: went on; ended: a
 *   hypothesis; left: others were likelier; stopped: nothing better could follow
 */

/**
 * A sequence that was found.
 *
 * @typedef {object} Hypothesis
 * @property {number[]} tokens without the one that ends it
 * @property {number} logProb
 * @property {number} score logProb / length^alpha
 * @property {boolean} finished
 * @property {number} node its last token's
 */

/**
 * The `size` most probable hypotheses at each step; what ended, and what is left after
 * `maxSteps`, is ranked by `log P / length^alpha`. It stops once nothing unfinished can
 * come among the best. As `beam_search` of d2l_rnn/inference/beam.py.
 *
 * @template S
 * @param {(token: number, state: S) => {logProbs: ArrayLike<number>, state: S}} step
 *   reads a token in a state; log-probabilities of the next
 * @param {S} state
 * @param {number} firstToken
 * @param {number | null} eos null: all have `maxSteps` tokens
 * @param {number} maxSteps
 * @param {{size: number, alpha: number, numBest: number, numLeft: number}} choice
 *   `numBest` hypotheses are found; the tree keeps `numLeft` tokens a step that were left
 * @returns {{best: Hypothesis[], tree: BeamNode[]}}
 */
export function beamSearch(step, state, firstToken, eos, maxSteps, choice) {
  const { size, alpha, numBest, numLeft } = choice;
  /** @type {BeamNode[]} */
  const tree = [];
  /** @type {Hypothesis[]} */
  const ended = [];
  let beam = [{ node: -1, logProb: 0, token: firstToken, state }];
  for (let length = 1; length <= maxSteps && beam.length; length++) {
    const read = beam.map((path) => step(path.token, path.state));
    const candidates = bestOfBeam(beam, read, size + numLeft);
    /** @type {typeof beam} */
    let survivors = [];
    candidates.forEach(({ row, token, logProb }, rank) => {
      const id = tree.length;
      const ends = token === eos || length === maxSteps;
      const own = logProb - beam[row].logProb;
      /** @type {BeamNode} */
      const node = {
        id,
        parent: beam[row].node,
        length,
        token,
        logProb,
        own,
        fate: "kept",
      };
      tree.push(node);
      if (rank >= size) node.fate = "left";
      else if (ends) {
        node.fate = "ended";
        const tokens = pathOf(tree, id).map((at) => tree[at].token);
        const finished = token === eos;
        if (finished) tokens.pop();
        ended.push({
          tokens,
          logProb,
          score: logProb / length ** alpha,
          finished,
          node: id,
        });
      } else survivors.push({ node: id, logProb, token, state: read[row].state });
    });
    ended.sort((a, b) => b.score - a.score);
    ended.length = Math.min(ended.length, numBest);
    // Log-probabilities only fall, lengths are at most maxSteps.
    const hope = survivors.length ? survivors[0].logProb / maxSteps ** alpha : 0;
    if (
      ended.length === numBest &&
      survivors.length &&
      ended[numBest - 1].score >= hope
    ) {
      for (const { node } of survivors) tree[node].fate = "stopped";
      survivors = [];
    }
    beam = survivors;
  }
  return { best: ended, tree };
}

/**
 * The most probable continuations; of equal ones the lower row, then the lower token.
 *
 * @param {{logProb: number}[]} beam
 * @param {{logProbs: ArrayLike<number>}[]} read
 * @param {number} number
 */
function bestOfBeam(beam, read, number) {
  /** @type {{row: number, token: number, logProb: number}[]} */
  const all = [];
  read.forEach(({ logProbs }, row) => {
    for (let token = 0; token < logProbs.length; token++) {
      const logProb = logProbs[token] + beam[row].logProb;
      if (Number.isNaN(logProb))
        throw new Error("the model's probabilities are not numbers");
      if (logProb > -Infinity) all.push({ row, token, logProb });
    }
  });
  return all.sort((a, b) => b.logProb - a.logProb).slice(0, number);
}

/**
 * The nodes from the first token to one.
 *
 * @param {BeamNode[]} tree
 * @param {number} id
 * @returns {number[]}
 */
export function pathOf(tree, id) {
  const path = [];
  for (let at = id; at >= 0; at = tree[at].parent) path.unshift(at);
  return path;
}
