// How well a watch was found to tell, where somebody has calibrated it: its curve, its figures, and thresholds to take over.
// @ts-check

import { h } from "../dom.js";
import { ink, plotter } from "../plot.js";
import { t } from "../words/tongue.js";

const SIZE = 190; // pixels

/** An element for the body of GET /v1/watches/{name}/calibration; `use({on, off})` takes its thresholds over, where given.
 * @param {Calibration} report
 * @param {((thresholds: Thresholds) => void) | null} [use] */
export function calibrationPanel(report, use = null) {
  const { samples, positives, ece, auc, proposed, roc, made_at: made, source } = report;
  const plot = h("div", { class: "roc", role: "img", "aria-label": t("watch.roc_label", { auc: share(auc) }) });
  draw(plot, roc);
  const facts = [
    [t("watch.auc"), share(auc)], [t("watch.ece"), share(ece)],
    [t("watch.samples"), t("watch.samples_of", { n: samples, yes: positives })],
    [t("watch.proposed"), proposed ? `${share(proposed.on)} / ${share(proposed.off)}` : "–"],
    [t("watch.calibrated"), made ? new Date(made).toLocaleString() : source ?? ""],
  ];
  return h("section", { class: "calibration" }, h("h3", { t: "watch.calibration" }), plot,
    h("dl", { class: "facts-list" }, facts.flatMap(([what, value]) => [h("dt", {}, what), h("dd", {}, value)])),
    use && proposed ? h("button", { type: "button", class: "quiet small", t: "watch.use_proposed", onclick: () => use(proposed) }) : null);
}

/** @param {number | null} value */
function share(value) {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

/**
 * @param {HTMLElement} host
 * @param {Calibration["roc"]} roc
 */
async function draw(host, roc) {
  const uPlot = await plotter();
  const points = [...roc].sort(([a, b], [c, d]) => a - c || b - d);
  /** @type {Columns} */
  const data = [points.map(([wrong]) => wrong), points.map(([, right]) => right)];
  const axis = { stroke: () => ink(host, "muted"), grid: { stroke: () => ink(host, "line"), width: 1 }, ticks: { show: false }, incrs: [0.25, 0.5], size: 36,
    values: (/** @type {Plot} */ _, /** @type {number[]} */ splits) => splits.map((value) => value.toFixed(2)) };
  new uPlot({
    width: SIZE, height: SIZE, legend: { show: false }, cursor: { show: false }, padding: [8, 10, 0, 0],
    scales: { x: { time: false, range: () => [0, 1] }, y: { range: () => [0, 1] } },
    axes: [axis, axis],
    series: [{}, { stroke: () => ink(host, "accent"), width: 2, points: { show: false } }],
  }, data, host);
}
