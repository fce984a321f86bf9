// Asking about what is held up: with one tap, or in words. The newest answer stands there, no conversation.
// @ts-check

import { byId, h, whenChanged } from "../dom.js";
import { t } from "../words/tongue.js";
import { announce } from "../views/announcer.js";
import { card } from "../views/card.js";
import { refusals } from "../views/refusals.js";

/** @type {Words[]} */
const TAPS = ["desk.ask_price", "desk.ask_stock", "desk.ask_delivery", "desk.ask_what"];

/** Returns what asks a question of TAPS by its name.
 * @param {Store<DeskState>} store
 * @param {DeskVerbs} verbs */
export function talk(store, verbs) {
  const place = byId("answer");
  const taps = byId("taps");
  /** @type {{ id: number, card: ReturnType<typeof card> } | null} */
  let shown = null; // {id, card}
  let reveal = false; // the newest answer is to be kept in sight

  /** @param {string} question */
  const ask = (question) => verbs.ask(question);

  store.subscribe(({ answers, since }) => {
    const newest = answers.length > since ? answers.at(-1) : undefined;
    if (newest && (!shown || newest.id !== shown.id)) {
      shown = { id: newest.id, card: card(verbs) };
      place.replaceChildren(shown.card.element);
      reveal = true;
    }
    if (!newest && shown) {
      shown = null;
      place.replaceChildren();
    }
    if (newest) shown?.card.show(newest);
    if (newest && reveal) place.scrollIntoView({ block: "nearest" });
    if (newest?.saw) reveal = false; // it has grown to its size
  });
  store.subscribe(whenChanged(({ current }) => current !== null, ({ current }) => {
    const focused = [...taps.children].findIndex((tap) => tap === document.activeElement);
    taps.replaceChildren(...TAPS.map((words) =>
      h("button", { type: "button", class: "suggestion", disabled: current !== null, onclick: () => ask(t(words)) }, t(words))));
    /** @type {HTMLElement | undefined} */ (taps.children[focused])?.focus();
  }));
  announce(store);
  const problem = byId("problem");
  refusals(store, ask, () => problem.scrollIntoView({ block: "nearest" }));
  return (/** @type {Words} */ words) => ask(t(words));
}
