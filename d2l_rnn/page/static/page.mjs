/** The page: opens the runs that it carries, and shows the one that is asked for. */
import { buildBeside } from "./beside.mjs";
import { startWorker } from "./client.mjs";
import { button, element } from "./elements.mjs";
import { panelsOf, RunOnPage } from "./panels.mjs";
import "./views.mjs";
import { language, registerWords, say, speakLanguage } from "./words.mjs";

registerWords({
  language: ["中文", "English"],
  projector: ["Large type", "大字"],
  runs: ["Trained networks", "训练好的网络"],
  opening: ["Opening the network …", "正在打开网络……"],
  refused: ["This network cannot be shown: {reason}", "无法显示这个网络：{reason}"],
  "to the panels": ["Skip to the network", "跳到网络"],
});

/** @param {string} id of a data block */
function carried(id) {
  return document.getElementById(id)?.textContent ?? "";
}

const main = element("main", { id: "main" });
const client = startWorker(carried("computing"));

/** @type {Map<number, Promise<RunOnPage>>} */
const opened = new Map();

/** @type {Map<string, HTMLElement>} */
const panes = new Map();

/** @type {import("./kinds.mjs").RunFacts[]} */
const carriedRuns = JSON.parse(carried("runs"));

/**
 * @param {number} number
 * @returns {Promise<RunOnPage>}
 */
function open(number) {
  const facts = carriedRuns[number];
  const weights = carried(`weights-${number}`);
  const before = opened.get(number);
  if (before) return before;
  const run = client
    .ask(number, "open", { facts, weights })
    .then(() => new RunOnPage(number, facts, client));
  opened.set(number, run);
  return run;
}

/** @param {RunOnPage} run */
function paneOf(run) {
  const pane = element("div", { class: "pane" });
  panelsOf(run.facts).forEach((panel, k) => {
    const id = `title-${run.number}-${k}`;
    const title = element("h2", { id, say: panel.title });
    pane.append(element("section", { "aria-labelledby": id }, title, panel.build(run)));
  });
  return pane;
}

/**
 * Show some runs, opened when they are needed first.
 *
 * @param {string} name of what is shown, made once
 * @param {number[]} numbers
 * @param {(runs: RunOnPage[]) => HTMLElement} make
 */
async function show(name, numbers, make) {
  wanted = name;
  if (!panes.has(name)) {
    main.replaceChildren(
      element("p", { class: "soft", say: "opening", role: "status" }),
    );
    try {
      panes.set(name, make(await Promise.all(numbers.map(open))));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      main.replaceChildren(say(element("p", { role: "alert" }), "refused", { reason }));
      return;
    }
  }
  const pane = panes.get(name);
  if (pane && wanted === name) main.replaceChildren(pane);
}

let wanted = "";

/** @param {number} number */
function showRun(number) {
  return show(String(number), [number], ([run]) => paneOf(run));
}

/** What there is to choose among: each run, and those that write, side by side. */
function runChooser() {
  const group = element("div", { class: "runs", role: "group", sayLabel: "runs" });
  /**
   * @param {HTMLButtonElement} one
   * @param {() => void} pressed
   */
  function add(one, pressed) {
    one.setAttribute("aria-pressed", String(!group.children.length));
    one.addEventListener("click", () => {
      for (const other of group.children) {
        other.setAttribute("aria-pressed", String(other === one));
      }
      pressed();
    });
    group.append(one);
  }
  carriedRuns.forEach((facts, number) => {
    const one = element("button", { type: "button" }, facts.name);
    add(one, () => showRun(number));
  });
  const writing = carriedRuns.flatMap(({ kind }, k) =>
    kind === "language" ? [k] : [],
  );
  if (writing.length > 1) {
    add(element("button", { type: "button", say: "beside" }), () =>
      show("beside", writing, buildBeside),
    );
  }
  return group;
}

function switchLanguage() {
  speakLanguage(language() === "en" ? "zh" : "en");
}

const projector = button("projector", switchProjector, { "aria-pressed": "false" });

function switchProjector() {
  const large = document.documentElement.classList.toggle("projector");
  projector.setAttribute("aria-pressed", String(large));
}

/** @type {Record<string, () => void>} */
const KEYS = { l: switchLanguage, p: switchProjector };

document.addEventListener("keydown", (event) => {
  const typed = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typed.closest("input, textarea, select")) return;
  KEYS[event.key]?.();
});

const title = element("h1");
title.textContent = document.title;
document.body.append(
  element("a", { class: "skip", href: "#main", say: "to the panels" }),
  element(
    "header",
    {},
    element(
      "div",
      { class: "bar" },
      title,
      button("language", switchLanguage),
      projector,
    ),
    ...(carriedRuns.length > 1 ? [runChooser()] : []),
  ),
  main,
);
speakLanguage(language());
showRun(0);
