// How often a watch was wrong, as people have judged its events, and a threshold that would have kept some of that back.
// @ts-check

import { h } from "../dom.js";
import { t } from "../words/tongue.js";

/** `use({on, off})` takes the proposed threshold over into the form, where given; nothing changes before it is saved.
 * @param {WatchInfo} watch
 * @param {((thresholds: Thresholds) => void) | null} [use] */
export function judgedPanel({ judged, off }, use = null) {
  if (!judged) return null;
  const { wrong, judged: n, since, proposed } = judged;
  const told = h("p", {}, t("watch.judged_told", { wrong, n, since: new Date(since).toLocaleString() }));
  return h("section", { class: "judged" }, h("h3", { t: "watch.judged" }), told, ...(proposed ? proposal(proposed, off, use) : []));
}

/**
 * @param {JudgedThreshold} proposed
 * @param {number} off
 * @param {((thresholds: Thresholds) => void) | null} use
 */
function proposal({ on, wrong, wrong_kept_back: kept, right, right_lost: lost, lost_at_most: most }, off, use) {
  const would = t("watch.judged_proposed", { on, kept, wrong, lost, right });
  const sure = t("watch.judged_sure", { n: right, share: Math.round(most * 100) });
  const take = use ? h("button", { type: "button", class: "quiet small", t: "watch.use_on", onclick: () => use({ on, off }) }) : null;
  return [h("p", {}, would), h("p", { class: "field-hint" }, sure), take].filter((each) => each !== null);
}
