// The cameras across the top.
// @ts-check

import { byId, h, icon, whenChanged, whenLetGo } from "../dom.js";
import { MINE } from "../state.js";
import { stateWord } from "../words/states.js";
import { served, t } from "../words/tongue.js";
import { dot } from "./pill.js";

const LENS = ["M3.5 8.5A2.5 2.5 0 0 1 6 6h1.5l1.4-2h6.2l1.4 2H18a2.5 2.5 0 0 1 2.5 2.5v8A2.5 2.5 0 0 1 18 19H6a2.5 2.5 0 0 1-2.5-2.5z", "M12 15.8a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2z"];

/**
 * @param {Store<AskState>} store
 * @param {Verbs} verbs
 */
export function chips(store, verbs) {
  const nav = h("nav", { id: "chips", class: "chips", tLabel: "page.cameras" });
  byId("pill").before(nav);

  /** @param {AskState} state */
  function render({ cameras, chosen, server, mine, lineProblem }) {
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const held = nav.contains(active) ? active?.dataset.camera : null;
    const buttons = cameras.map(({ name, state, reason }, index) => chip(name, server === "ready" ? state : "unknown", reason, index));
    const refused = mine.phase === "failed" || lineProblem !== null;
    const mineState = chosen !== MINE ? "" : refused ? "lost" : server !== "ready" ? "unknown" : mine.state ?? "connecting";
    buttons.push(h("button", {
      type: "button", class: "chip mine", data: { camera: MINE, state: mineState || "off" }, "aria-pressed": String(chosen === MINE),
      onclick: () => (chosen === MINE && mine.phase === "live" ? verbs.back() : verbs.mine()),
      title: chosen === MINE && mine.phase === "live" ? t("chip.off_title") : t("chip.use_mine_title"),
    }, mineState ? dot() : icon(...LENS), chosen === MINE ? t(mine.sample ? "chip.sample" : "chip.mine") : t("chip.use_mine"), refused && mineState ? h("span", { class: "state" }, t("chip.unavailable")) : trouble(mineState)));
    const { scrollLeft } = nav;
    nav.replaceChildren(...buttons);
    nav.scrollLeft = scrollLeft; // where the reader had it
    if (held) /** @type {HTMLElement | null} */ (nav.querySelector(`[data-camera="${CSS.escape(held)}"]`))?.focus();
  }

  /**
   * @param {string} name
   * @param {string} state
   * @param {string | null} reason
   * @param {number} index
   */
  function chip(name, state, reason, index) {
    return h("button", {
      type: "button", class: "chip", data: { camera: name, state }, "aria-pressed": String(name === store.get().chosen),
      title: [stateWord(state) ?? t("state.unknown"), reason && served(reason), index < 9 ? t("chip.key", { n: index + 1 }) : null].filter(Boolean).join(" · "),
      onclick: () => verbs.choose(name),
    }, dot(), name, state === "live" ? h("span", { class: "hidden" }, t("state.live")) : trouble(state));
  }

  store.subscribe(whenChanged(({ cameras, chosen, server, mine, lineProblem }) =>
    [cameras.map(({ name, state, reason }) => [name, state, reason]), chosen, server, mine.phase, mine.state, mine.sample, lineProblem], whenLetGo(nav, render)));
}

/** @param {string} state */
function trouble(state) {
  const word = stateWord(state);
  return word && state !== "live" ? h("span", { class: "state" }, word) : null;
}
