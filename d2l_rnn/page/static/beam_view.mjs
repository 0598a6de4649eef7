/** A beam as a tree whose branches can be followed by pointer or with the arrow keys. */
import { pathOf } from "./beam.mjs";
import { drawn, element } from "./elements.mjs";
import { registerWords } from "./words.mjs";

registerWords({
  "beam tree": [
    "The beam as a tree; the arrow keys follow its branches",
    "束搜索树；用方向键沿分支移动",
  ],
});

const BEAM_COLUMN = 116;
const BEAM_SLOT = 30;
const BOX_HEIGHT = 22;
const BOX_WIDTH = 92;

/** @typedef {import("./beam.mjs").BeamNode} BeamNode */

/** The tree of one search. */
export class BeamTree {
  /** @param {(node: BeamNode) => void} follow is told which node was chosen */
  constructor(follow) {
    this.follow = follow;
    /** @type {BeamNode[]} */
    this.tree = [];
    /** @type {number | null} */
    this.chosen = null;
    /** @type {Element[]} */
    this.groups = [];
    /** @type {Element[]} */
    this.edges = [];
    this.element = element("div", {
      class: "beam-tree",
      tabindex: 0,
      role: "group",
      sayLabel: "beam tree",
    });
    this.element.addEventListener("keydown", (event) => this.press(event));
  }

  /** @param {number} parent */
  childrenOf(parent) {
    return this.tree.filter((node) => node.parent === parent);
  }

  /**
   * @param {BeamNode[]} tree
   * @param {(token: number) => string} letters
   * @param {string} first
   */
  show(tree, letters, first) {
    this.tree = tree;
    const rows = this.rows();
    const height = BEAM_SLOT * (Math.max(...rows) + 1) + 8;
    const width = BEAM_COLUMN * (Math.max(...tree.map(({ length }) => length)) + 1);
    const svg = drawn("svg", {
      class: "fixed",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
    });
    const y = (/** @type {number} */ id) =>
      4 + BEAM_SLOT * (id < 0 ? rows[0] : rows[id]);
    this.edges = tree.map((node) => {
      const from = BEAM_COLUMN * (node.length - 1) + BOX_WIDTH;
      const to = BEAM_COLUMN * node.length;
      const y1 = y(node.parent) + BOX_HEIGHT / 2;
      const y2 = y(node.id) + BOX_HEIGHT / 2;
      const middle = (from + to) / 2;
      const edge = drawn("path", {
        d: `M${from} ${y1}C${middle} ${y1} ${middle} ${y2} ${to} ${y2}`,
      });
      edge.setAttribute("class", `edge ${node.fate}`);
      edge.setAttribute("stroke-width", String(1 + 4 * Math.exp(node.own)));
      return edge;
    });
    this.groups = tree.map((node) => {
      const group = box(
        BEAM_COLUMN * node.length,
        y(node.id),
        letters(node.token),
        Math.exp(node.own),
      );
      group.setAttribute("class", `node ${node.fate}`);
      group.addEventListener("click", () => this.take(node.id));
      return group;
    });
    const root = box(0, y(-1), first, null);
    root.setAttribute("class", "node kept");
    svg.append(...this.edges, root, ...this.groups);
    this.element.replaceChildren(svg);
  }

  /** Of each node the row that it stands in: a leaf has one of its own. */
  rows() {
    /** @type {number[]} */
    const rows = new Array(this.tree.length).fill(0);
    let next = 0;
    const place = (/** @type {BeamNode} */ node) => {
      const children = this.childrenOf(node.id);
      rows[node.id] = next;
      if (children.length) children.forEach(place);
      else next++;
    };
    this.childrenOf(-1).forEach(place);
    return rows;
  }

  /** @param {number} id */
  take(id) {
    this.chosen = id;
    const path = new Set(pathOf(this.tree, id));
    for (const parts of [this.groups, this.edges]) {
      parts.forEach((part, k) => part.classList.toggle("on-path", path.has(k)));
    }
    this.groups.forEach((group, k) => group.classList.toggle("chosen", k === id));
    this.groups[id].scrollIntoView?.({ block: "nearest", inline: "nearest" });
    this.follow(this.tree[id]);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!event.key.startsWith("Arrow") || !this.tree.length) return;
    event.preventDefault();
    const here = this.tree[this.chosen ?? 0];
    const level = this.tree.filter(({ length }) => length === here.length);
    const rows = this.rows();
    level.sort((a, b) => rows[a.id] - rows[b.id]);
    const at = level.indexOf(here);
    /** @type {Record<string, BeamNode | undefined>} */
    const goals = {
      ArrowLeft: this.tree[here.parent],
      ArrowRight: this.childrenOf(here.id)[0],
      ArrowUp: level[at - 1],
      ArrowDown: level[at + 1],
    };
    const goal = goals[event.key];
    if (goal) this.take(goal.id);
  }
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} letters
 * @param {number | null} probability
 */
function box(x, y, letters, probability) {
  const shown = letters.length > 8 ? `${letters.slice(0, 7)}…` : letters;
  const parts = [
    drawn("title", {}, letters),
    drawn("rect", { x: x + 0.5, y, width: BOX_WIDTH - 1, height: BOX_HEIGHT, rx: 5 }),
    drawn(
      "text",
      { x: x + 6, y: y + BOX_HEIGHT / 2 + 1, "dominant-baseline": "middle" },
      shown,
    ),
  ];
  if (probability !== null) {
    const share = {
      x: x + BOX_WIDTH - 6,
      y: y + BOX_HEIGHT / 2 + 1,
      "dominant-baseline": "middle",
      "text-anchor": "end",
    };
    parts.push(drawn("text", { ...share, class: "share" }, probability.toFixed(2)));
  }
  return drawn("g", {}, ...parts);
}
