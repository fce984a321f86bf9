// Reads out whole answers, not every token, to those who do not see the page.
// @ts-check

import { byId, setText } from "../dom.js";
import { currentAnswer } from "../state.js";
import { t } from "../words/tongue.js";

/** @param {Store<AskState>} store */
export function announce(store) {
  /** @type {number | null} */
  let waited = null;
  const announcer = byId("announcer");
  store.subscribe((state) => {
    if (state.current !== null) {
      waited = state.current;
      if (!currentAnswer(state)?.text) setText(announcer, "");
    } else if (waited !== null) {
      const answer = state.answers.find((each) => each.id === waited);
      waited = null;
      if (answer) setText(announcer, answer.text || t("card.stopped_early"));
    }
  });
}
