/** The page: opens the runs that it carries, and shows the one that is asked for. */
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

/** @type {Map<number, Promise<HTMLElement>>} */
const opened = new Map();

/** @type {import("./kinds.mjs").RunFacts[]} */
const carriedRuns = JSON.parse(carried("runs"));

/**
 * @param {number} number
 * @returns {Promise<HTMLElement>}
 */
async function open(number) {
  const facts = carriedRuns[number];
  const pane = element("div", { class: "pane" });
  try {
    await client.ask(number, "open", { facts, weights: carried(`weights-${number}`) });
  } catch (error) {
    pane.append(
      say(element("p", { role: "alert" }), "refused", { reason: message(error) }),
    );
    return pane;
  }
  const run = new RunOnPage(number, facts, client);
  panelsOf(facts).forEach((panel, k) => {
    const id = `title-${number}-${k}`;
    const title = element("h2", { id, say: panel.title });
    pane.append(element("section", { "aria-labelledby": id }, title, panel.build(run)));
  });
  return pane;
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {number} number */
async function show(number) {
  const first = !opened.has(number);
  if (first) {
    main.replaceChildren(
      element("p", { class: "soft", say: "opening", role: "status" }),
    );
    opened.set(number, open(number));
  }
  const pane = await opened.get(number);
  if (pane) main.replaceChildren(pane);
}

/** The runs to choose among, where there are several. */
function runChooser() {
  const group = element("div", { class: "runs", role: "group", sayLabel: "runs" });
  carriedRuns.forEach((facts, number) => {
    const one = element("button", { type: "button", "aria-pressed": String(!number) });
    one.textContent = facts.name;
    one.addEventListener("click", () => {
      for (const other of group.children) {
        other.setAttribute("aria-pressed", String(other === one));
      }
      show(number);
    });
    group.append(one);
  });
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
show(0);
