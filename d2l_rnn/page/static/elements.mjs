/** Elements of the page, made of nothing but their parts: no HTML is ever parsed. */
import { say } from "./words.mjs";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean>} attributes `false` leaves one out;
 *   `say` are the words that it says, see words.mjs
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "say") say(made, String(value));
    else if (name === "sayLabel") say(made, String(value), {}, "aria-label");
    else if (value !== false)
      made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * @param {string} tag of SVG
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * @param {string} key its words
 * @param {() => void} pressed
 * @param {Record<string, string | number | boolean>} attributes
 */
export function button(key, pressed, attributes = {}) {
  const made = element("button", { type: "button", say: key, ...attributes });
  made.addEventListener("click", pressed);
  return made;
}

/**
 * A control with its label before it.
 *
 * @param {string} key the label's words
 * @param {HTMLElement} control
 */
export function labelled(key, control) {
  return element("label", { class: "field" }, element("span", { say: key }), control);
}

/**
 * A choice of one among some.
 *
 * @param {[string, string][]} options value, and key of its words
 * @param {(value: string) => void} changed
 */
export function chooser(options, changed) {
  const made = element("select");
  for (const [value, key] of options) {
    made.append(element("option", { value, say: key }));
  }
  made.addEventListener("change", () => changed(made.value));
  return made;
}

/**
 * A colour of the style sheet.
 *
 * @param {string} name `--ours`, say
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
