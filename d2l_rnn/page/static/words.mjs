/**
 * All words of the page in English and in Chinese, and the language it speaks.
 *
 * What stands in braces is put in. An element that was told its words by `say` says
 * them anew when the language changes.
 */

/** @type {Record<string, [string, string]>} */
const WORDS = {};

/** @type {{language: "en" | "zh"}} */
const spoken = {
  language: globalThis.navigator?.language?.toLowerCase().startsWith("zh")
    ? "zh"
    : "en",
};

/**
 * Add words, by keys that no other module has.
 *
 * @param {Record<string, [string, string]>} words English and Chinese
 */
export function registerWords(words) {
  for (const [key, both] of Object.entries(words)) {
    if (key in WORDS) throw new Error(`the words ${key} are there twice`);
    WORDS[key] = both;
  }
}

/**
 * @param {string} key
 * @param {Record<string, unknown>} values
 * @returns {string}
 */
export function words(key, values = {}) {
  const both = WORDS[key];
  if (!both) throw new Error(`no words ${key}`);
  const text = both[spoken.language === "zh" ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** @returns {"en" | "zh"} */
export function language() {
  return spoken.language;
}

/**
 * Words of an element, or of an attribute of it.
 *
 * @template {Element} E
 * @param {E} element
 * @param {string} key
 * @param {Record<string, unknown>} values
 * @param {string} attribute empty: its text
 * @returns {E}
 */
export function say(element, key, values = {}, attribute = "") {
  const told = JSON.parse(element.getAttribute("data-words") ?? "{}");
  told[attribute] = [key, values];
  element.setAttribute("data-words", JSON.stringify(told));
  speak(element);
  return element;
}

/** @param {Element} element */
function speak(element) {
  const told = JSON.parse(element.getAttribute("data-words") ?? "{}");
  for (const [attribute, [key, values]] of Object.entries(told)) {
    if (attribute) element.setAttribute(attribute, words(key, values));
    else element.textContent = words(key, values);
  }
}

/**
 * Speak the other language, or one that is named.
 *
 * @param {"en" | "zh"} wanted
 */
export function speakLanguage(wanted) {
  spoken.language = wanted;
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
  document.querySelectorAll("[data-words]").forEach(speak);
  document.dispatchEvent(new Event("spoken"));
}
