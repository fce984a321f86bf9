// What the shopper is told on the picture, and over it. Pure: state in, words out.
// @ts-check

import { MINE } from "../state.js";
import { stageNotice } from "../words/states.js";
import { t } from "../words/tongue.js";
import { several, unsure } from "./product.js";

/** @type {Record<string, Words>} */
const HINTS = { closer: "desk.hint_closer", glare: "desk.hint_glare", "turn it": "desk.hint_turn", "hold still": "desk.hint_still", focus: "desk.hint_focus", "more light": "desk.hint_light" };

/** What lies over the picture when there is none to be trusted; as on other pages, but for a server without a desk.
 * @param {DeskState} state
 * @returns {Notice | null} */
export function deskNotice(state) {
  const sample = { label: t("desk.sample"), act: "sample" };
  if (state.server === "ready" && state.chosen === null) {
    return { tone: "warn", title: t("desk.no_desk"), text: t("desk.no_desk_text"),
      actions: [{ label: t("chip.use_mine"), act: "mine" }, sample] };
  }
  const notice = stageNotice(state);
  if (notice && state.chosen === MINE && state.mine.phase === "failed") return { ...notice, actions: [...notice.actions, sample] };
  return notice;
}

/** {tone: ask|warn|good, text} for the band on the picture, or null where it shows nothing to be trusted.
 * @param {DeskState} state */
export function hint(state) {
  const { desk, held } = state;
  if (deskNotice(state) || desk === null) return null;
  if (several(desk)) return { tone: "warn", text: t("desk.hint_several") };
  const [advice] = desk.guidance;
  if (advice) return { tone: "warn", text: HINTS[advice.hint] ? t(HINTS[advice.hint]) : advice.text };
  if (unsure(desk)) return { tone: "warn", text: t("desk.hint_reading") };
  if (desk.codes.length > 0 && held) return { tone: "good", text: t("desk.hint_read") };
  return held ? null : { tone: "ask", text: t("desk.hold") };
}
