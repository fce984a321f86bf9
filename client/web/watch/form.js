// The form of a watch: fields in, a setting out.
// @ts-check

import { h } from "../dom.js";
import { field, oneOf, someOf, tick } from "./fields.js";
import { FRESH, closed, leavesOpen, nameFor, parts } from "./setting.js";
import { thresholds } from "./thresholds.js";

/** @type {[string, Words][]} */
const KINDS = [["yesno", "watch.yesno"], ["choice", "watch.choice"], ["number", "watch.number"], ["text", "watch.text"]];
/** @type {[string, Words][]} */
const SEVERITIES = [["info", "watch.info"], ["warning", "watch.warning"], ["critical", "watch.critical"]];

/**
 * {element, value(), wrong(param, text), put({on, off}), focus(), end()}. `begins` is the setting to begin with, `existing` the
 * WatchInfo that is changed (null for a new one), `cameras` and `taken` are names.
 * @param {Setting} begins
 * @param {{ existing: WatchInfo | null, cameras: string[], taken: string[] }} options
 */
export function watchForm(begins, { existing, cameras, taken }) {
  const question = field("watch.question", h("textarea", { rows: 2, value: begins.question, required: true }), "watch.question_hint");
  const close = h("button", { type: "button", class: "link", t: "watch.close_question", onclick: () => {
    question.input.value = closed(question.input.value);
    asked();
  } });
  question.element.append(close);
  const name = field("watch.name", h("input", { type: "text", value: existing?.name ?? "", readOnly: Boolean(existing), spellcheck: false }), "watch.name_hint");
  const where = someOf("watch.cameras", cameras, begins.cameras);
  const kind = oneOf("watch.kind", KINDS, begins.kind, asked);
  const choices = field("watch.choices", h("input", { type: "text", value: begins.choices.join(", ") }), "watch.choices_hint");
  const onWhen = someOf("watch.on_when", begins.choices, begins.kind === "choice" ? begins.on_when : [], "watch.on_when_hint");
  const comparisons = field("watch.comparisons", h("input", { type: "text", value: begins.kind === "number" ? begins.on_when.join(", ") : "", placeholder: ">= 5" }), "watch.comparisons_hint");
  const every = field("watch.every", number(begins.every_s, 0.2, 3600), null, "watch.seconds");
  const hold = field("watch.for", number(begins.for_s, 0, 86_400), "watch.for_hint", "watch.seconds");
  const shares = thresholds(begins, { name: existing?.name ?? null, camera: existing?.cameras[0], everyS: begins.every_s });
  const severity = oneOf("watch.severity", SEVERITIES, begins.severity);
  const cooldown = field("watch.cooldown", number(begins.cooldown_s, 0, 2_592_000), "watch.cooldown_hint", "watch.seconds");
  const looks = field("watch.window", number(begins.window_s, 0, 3600), "watch.window_hint", "watch.seconds");
  const quiet = field("watch.quiet", h("input", { type: "text", value: begins.quiet.join(", "), placeholder: "22:00-06:30" }), "watch.quiet_hint");
  const zone = field("watch.time_zone", h("input", { type: "text", value: begins.time_zone, spellcheck: false }));
  const healthy = tick("watch.only_when_healthy", begins.only_when_healthy);
  const enabled = tick("watch.enabled", begins.enabled);
  const more = h("details", { class: "more", open: begins.quiet.length > 0 || begins.cooldown_s > 0 || begins.window_s !== FRESH.window_s }, h("summary", { t: "watch.more" }),
    h("div", { class: "pair" }, looks.element, cooldown.element), h("div", { class: "pair" }, quiet.element, zone.element), healthy.element, enabled.element);
  /** @type {Record<string, { element: HTMLElement, wrong: (text: string) => void, input?: HTMLElement }>} */
  const fields = { question, name, cameras: where, kind, choices, on_when: onWhen, every_s: every, for_s: hold, on: shares, off: shares, severity,
    window_s: looks, cooldown_s: cooldown, quiet, time_zone: zone, only_when_healthy: healthy, enabled };

  let named = Boolean(existing);
  name.input.addEventListener("input", () => (named = name.input.value !== ""));
  question.input.addEventListener("input", asked);
  choices.input.addEventListener("input", () => onWhen.offer(parts(choices.input.value)));

  function asked() {
    const wanted = kind.value();
    choices.element.hidden = wanted !== "choice";
    onWhen.element.hidden = wanted !== "choice";
    comparisons.element.hidden = wanted !== "number";
    shares.element.hidden = wanted === "text"; // told when it has changed; there is no probability
    fields.on_when = wanted === "number" ? comparisons : onWhen;
    close.hidden = wanted !== "yesno" || !leavesOpen(question.input.value);
    if (!named) name.input.value = question.input.value.trim() ? nameFor(question.input.value, taken) : "";
  }
  asked();

  return {
    element: h("div", { class: "watch-form" }, question.element, where.element, h("div", { class: "pair" }, name.element, severity.element), kind.element,
      choices.element, onWhen.element, comparisons.element, h("div", { class: "pair" }, every.element, hold.element), shares.element, more),
    value() {
      const chosen = /** @type {Setting["kind"]} */ (kind.value());
      /** @type {Record<string, string[]>} */
      const turnsOn = { choice: onWhen.value(), number: parts(comparisons.input.value) };
      return {
        name: name.input.value.trim(), question: question.input.value.trim(), cameras: where.value(), kind: chosen,
        choices: chosen === "choice" ? parts(choices.input.value) : [], on_when: turnsOn[chosen ?? ""] ?? [],
        every_s: Number(every.input.value), for_s: Number(hold.input.value), ...shares.value(), severity: /** @type {Setting["severity"]} */ (severity.value()),
        window_s: Number(looks.input.value), cooldown_s: Number(cooldown.input.value), quiet: parts(quiet.input.value), time_zone: zone.input.value.trim(),
        only_when_healthy: healthy.input.checked, enabled: enabled.input.checked,
      };
    },
    /** Say at its field what is wrong; false when there is no such field. `null` takes all complaints back.
     * @param {string | null} param */
    wrong(param, text = "") {
      for (const each of [...Object.values(fields), onWhen, comparisons]) each.wrong("");
      const found = fields[param?.match(/^\w+/)?.[0] ?? ""];
      if (!found) return false;
      found.wrong(text);
      if (more.contains(found.element)) more.open = true;
      (found.input ?? found.element.querySelector("input"))?.focus();
      return true;
    },
    put: shares.put,
    focus: () => question.input.focus(),
    end: shares.end,
  };
}

/**
 * @param {number} value
 * @param {number} min
 * @param {number} max
 */
function number(value, min, max) {
  return h("input", { type: "number", value, min, max, step: "any", inputMode: "decimal" });
}
