// Which events are listed: {unreviewed, choices}, two elements.
// @ts-check

import { h, whenChanged } from "../../dom.js";
import { language, t } from "../../words/tongue.js";

/** @type {WatchEvent["severity"][]} */
const SEVERITIES = ["critical", "warning", "info"];

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 */
export function filters(store, verbs) {
  const unreviewed = h("input", { type: "checkbox", checked: store.get().filters.unreviewed, onchange: () => verbs.filter({ unreviewed: unreviewed.checked }) });
  const severity = choice("severity", "event.any_severity");
  const watch = choice("watch", "event.any_watch");
  const camera = choice("camera", "event.any_camera");

  /**
   * @param {keyof Filters} name
   * @param {Words} label
   */
  function choice(name, label) {
    const select = h("select", { tLabel: label, onchange: () => verbs.filter({ [name]: select.value }) });
    return select;
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {Words} label
   * @param {[string, string][]} values
   */
  function offer(select, label, values) {
    const chosen = select.value;
    select.replaceChildren(h("option", { value: "" }, t(label)), ...values.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
  }

  store.subscribe(whenChanged(({ cameras, watches }) => [cameras.map(({ name }) => name), watches?.map(({ name }) => name), language()], ({ cameras, watches }) => {
    offer(severity, "event.any_severity", SEVERITIES.map((each) => [each, t(`watch.${each}`)]));
    offer(watch, "event.any_watch", (watches ?? []).map(({ name }) => [name, name]));
    offer(camera, "event.any_camera", cameras.map(({ name }) => [name, name]));
  }));
  return {
    unreviewed: h("label", { class: "only" }, unreviewed, h("span", { t: "event.unreviewed" })),
    choices: h("div", { class: "filters" }, severity, watch, camera),
  };
}
