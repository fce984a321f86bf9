// Where a watch turns on and off: two sliders over the line of what it has lately read.
// @ts-check

import { h, setText } from "../dom.js";
import { clock } from "../format.js";
import { Line, columns } from "../plot.js";
import { t } from "../words/tongue.js";
import { readings } from "../watchapi.js";

const LEAST = 0.01; // between the two

/** {element, value() -> {on, off}, put({on, off}), wrong(text), end()}. `name`: of a watch that has read something already, or null.
 * @param {Thresholds} thresholds
 * @param {{ name: string | null, camera: string | undefined, everyS: number }} options */
export function thresholds({ on, off }, { name, camera, everyS }) {
  const high = slider("watch.on", on);
  const low = slider("watch.off", off);
  const plot = h("div", { class: "thresholds-plot", role: "img" });
  const told = h("p", { class: "field-hint" });
  const wrong = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const element = h("fieldset", { class: "field thresholds" }, h("legend", { t: "watch.thresholds" }), name ? plot : null, high.element, low.element, told, wrong);
  /** @type {Line | null} */
  let line = null;

  function value() {
    return { on: Number(high.input.value), off: Number(low.input.value) };
  }

  /** @param {unknown} which */
  function moved(which) {
    const { on: upper, off: lower } = value();
    if (lower > upper - LEAST) { // one pushes the other along: they cannot cross
      if (which === high) low.input.value = Math.max(0, upper - LEAST).toFixed(2);
      else high.input.value = Math.min(1, lower + LEAST).toFixed(2);
    }
    tell();
  }

  function tell() {
    const now = value();
    for (const each of [high, low]) setText(each.output, Number(each.input.value).toFixed(2));
    setText(told, t("watch.thresholds_told", { on: now.on.toFixed(2), off: now.off.toFixed(2) }));
    line?.show(now);
  }

  /** @param {string} name */
  async function draw(name) {
    const [found] = await readings(name, { camera }).catch(() => []);
    plot.hidden = !found?.readings.length;
    if (plot.hidden) return;
    const data = columns(found.readings, everyS);
    plot.setAttribute("aria-label", t("watch.read_lately", { n: found.readings.length }));
    line = new Line(plot, { axes: true, clock });
    line.show({ data, from: data[0][0], to: Math.max(data[0][data[0].length - 1], data[0][0] + 30), ...value() });
  }

  for (const each of [high, low]) each.input.addEventListener("input", () => moved(each));
  tell();
  if (name) draw(name);
  return {
    element,
    value,
    /** @param {Thresholds} wanted */
    put(wanted) {
      high.input.step = low.input.step = "any"; // to the last digit
      high.input.value = String(wanted.on);
      low.input.value = String(wanted.off);
      tell();
    },
    /** @param {string} text */
    wrong(text) {
      wrong.hidden = !text;
      setText(wrong, text);
    },
    end: () => line?.end(),
  };
}

/**
 * @param {Words} label
 * @param {number} value
 */
function slider(label, value) {
  const input = h("input", { type: "range", min: 0, max: 1, step: 0.01, value });
  const output = h("output", {});
  return { input, output, element: h("label", { class: "slide" }, h("span", { t: label }), input, output) };
}
