// The answers of this tab, kept over a reload: the server keeps their pictures for a while, but lists them to nobody.
// @ts-check

import { HISTORY } from "./state.js";

const KEPT = "askcam.answers"; // of this tab: gone when it is closed
const FEW = 10; // answers that are kept where there is no room for all
const OVER = new Set(["done", "stopped", "incomplete", "broken"]);

/** What the tab has kept, oldest first. */
export function keptAnswers() {
  try {
    const answers = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(answers) ? answers.filter(({ id, question, phase }) => Number.isInteger(id) && question && OVER.has(phase)).slice(-HISTORY) : [];
  } catch {
    return [];
  }
}

/** Keep those that have ended, from now on.
 * @param {Store<AskState>} store */
export function keepAnswers(store) {
  /** @type {Answer[] | null} */
  let before = null;
  store.subscribe(({ answers, current }) => {
    if (answers === before || current !== null) return; // not at every word
    before = answers;
    const over = answers.filter(({ phase }) => OVER.has(phase));
    for (const each of [over, over.slice(-FEW)]) {
      try {
        sessionStorage.setItem(KEPT, JSON.stringify(each));
        return;
      } catch {
        // no room, or no storage at all: it lasts until the page is left
      }
    }
  });
}
