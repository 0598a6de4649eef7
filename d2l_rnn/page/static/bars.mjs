/** Bars with a name before and a number behind. */
import { element } from "./elements.mjs";
import { visible } from "./reading.mjs";

/**
 * @param {[string, number][]} rows name, and a share of one
 * @param {string | null} standing the name of the one that stands out
 */
export function barRows(rows, standing = null) {
  return rows.map(([name, share]) => {
    const bar = element("span", { class: "bar-of" });
    bar.style.setProperty("--strength", `${(100 * share).toFixed(1)}%`);
    return element(
      "li",
      { class: name === standing ? "stands" : "" },
      element("b", {}, visible(name)),
      bar,
      element("span", { class: "number" }, share.toFixed(3)),
    );
  });
}
