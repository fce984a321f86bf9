// Questions and answers, oldest first; the newest is kept in sight unless the reader has scrolled away.
// @ts-check

import { byId, focusQuestion, h, whenChanged } from "../dom.js";
import { MINE, chosenCamera } from "../state.js";
import { suggestions } from "../words/states.js";
import { served, t } from "../words/tongue.js";
import { announce } from "./announcer.js";
import { card } from "./card.js";
import { refusals } from "./refusals.js";

/**
 * @param {Store<AskState>} store
 * @param {Verbs} verbs
 */
export function conversation(store, verbs) {
  const scroll = byId("scroll");
  const list = byId("cards");
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map(); // answer id -> its card

  let atEnd = true;
  scroll.addEventListener("scroll", () => (atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80));
  new ResizeObserver(toEnd).observe(scroll); // a phone's keyboard comes up

  function toEnd() {
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  }

  /** @param {string} question */
  function ask(question) {
    const box = byId("question");
    if (verbs.ask(question) && box.value.trim() === question) {
      box.value = ""; // a refused question waited there
      box.dispatchEvent(new Event("input"));
    }
    focusQuestion();
  }

  /** @param {AskState} state */
  function render({ answers }) {
    const present = new Set(answers.map((answer) => answer.id));
    for (const [id, { element }] of cards) {
      if (present.has(id)) continue;
      element.remove();
      cards.delete(id);
    }
    for (const answer of answers) {
      let known = cards.get(answer.id);
      if (!known) {
        known = card(verbs);
        cards.set(answer.id, known);
        list.append(known.element);
        atEnd = true;
      }
      known.show(answer);
    }
  }

  const start = byId("start");
  /** @type {Render<AskState>} */
  const greet = whenChanged((state) => [state.answers.length === state.since && !state.problem, state.chosen, chosenCamera(state)?.name, state.model?.note, state.answers.length > 0], (state) => {
    start.replaceChildren();
    if (state.answers.length > state.since || state.problem) return;
    const camera = state.chosen === MINE ? t("start.mine") : chosenCamera(state)?.name ?? t("start.some");
    start.append(...state.answers.length ? [h("div", { class: "divider" }, h("span", {}, t("ask.anew")))] : [],
      h("h1", {}, t("start.title", { camera })),
      h("p", {}, t("start.text")),
      h("div", { class: "suggestions" }, suggestions(state).map((question) =>
        h("button", { type: "button", class: "suggestion", onclick: () => ask(question) }, question))),
      h("p", { class: "note", hidden: !state.model?.note }, served(state.model?.note ?? "")));
  });

  announce(store);
  refusals(store, ask, () => (atEnd = true));
  store.subscribe((state) => {
    render(state);
    greet(state);
    toEnd();
  });
}
