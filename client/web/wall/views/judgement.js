// Whether an event was so: two buttons, what was noted beside it, and how often its watch was wrong.
// @ts-check

import { h, setText } from "../../dom.js";
import { t } from "../../words/tongue.js";

/** {element, show(event, watch)}. `judge` is called with what it is to be from then on; null takes it back.
 * @param {(verdict: Verdict) => void} judge */
export function judgement(judge) {
  /** @type {Verdict} */
  let verdict = null;
  const right = button("right", "event.right");
  const wrong = button("wrong", "event.wrong");
  const note = h("span", { class: "judged-note" });
  const rate = h("span", { class: "muted" });
  const element = h("div", { class: "row judgement", role: "group", tLabel: "event.judge" }, right, wrong, note, rate);

  /**
   * @param {"right" | "wrong"} which
   * @param {Words} words
   */
  function button(which, words) {
    return h("button", { type: "button", class: "quiet small", t: words, onclick: () => judge(verdict === which ? null : which) });
  }

  return {
    element,
    /**
     * @param {WatchEvent} event
     * @param {WatchInfo | undefined} watch
     */
    show(event, watch) {
      element.hidden = event.watch === null; // of a camera itself
      verdict = event.verdict;
      right.setAttribute("aria-pressed", String(verdict === "right"));
      wrong.setAttribute("aria-pressed", String(verdict === "wrong"));
      setText(note, event.note ?? "");
      setText(rate, watch?.judged ? t("event.rate", { wrong: watch.judged.wrong, n: watch.judged.judged }) : "");
    },
  };
}
