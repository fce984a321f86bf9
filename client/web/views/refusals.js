// A question that was refused: why, what helps, and asking it again.
// @ts-check

import { byId, h, whenChanged } from "../dom.js";
import { problemWords } from "../words/states.js";
import { t } from "../words/tongue.js";

/** In the page's #problem. `ask(question)` asks again; `shown()` is called when one has appeared.
 * @param {Store<AskState>} store
 * @param {(question: string) => void} ask */
export function refusals(store, ask, shown = () => {}) {
  const place = byId("problem");
  store.subscribe(whenChanged((state) => state.problem, (state) => {
    place.replaceChildren();
    if (!state.problem) return;
    const { tone, title, text, advice } = problemWords(state.problem);
    place.append(h("div", { class: "problem", data: { tone } },
      h("h3", {}, title),
      text ? h("p", {}, text) : null,
      h("p", { class: "advice" }, advice),
      h("button", { type: "button", class: "quiet small", onclick: () => ask(store.get().problem?.question ?? "") }, t("problem.retry"))));
    shown();
  }));
}
