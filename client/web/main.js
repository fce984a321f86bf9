// The page *Ask*, put together: one store, the verbs that change it, and the views that show it.
// @ts-check

import { keepAnswers, keptAnswers } from "./history.js";
import { keys } from "./keys.js";
import { shell } from "./shell.js";
import { INITIAL, MINE, createStore } from "./state.js";
import { createVerbs } from "./verbs.js";
import { askbar } from "./views/askbar.js";
import { chips } from "./views/chips.js";
import { conversation } from "./views/conversation.js";
import { picture } from "./views/picture.js";
import { openWatchDialog } from "./watch/dialog.js";
import { KEYS } from "./words/states.js";

const answers = keptAnswers();
const store = createStore({ ...INITIAL, answers, since: answers.length });
keepAnswers(store);
const verbs = { ...createVerbs(store), watch };
/** @type {Help} */
const help = { title: "help.title", text: "help.text", keys: KEYS };
const shared = shell(store, { page: "ask", skip: { to: "question", words: "page.skip" }, help, retry: verbs.retry, login: verbs.login });
const actions = { ...shared, mine: verbs.mine, back: verbs.back }; // what notices may offer

/** Have an answer's question asked for ever: whether a watch was made of it.
 * @param {Answer} answer */
async function watch({ question, camera }) {
  const made = await openWatchDialog({ question, camera });
  return made !== null && "saved" in made;
}

chips(store, verbs);
picture(store, verbs, actions);
conversation(store, verbs);
askbar(store, verbs);
keys(store, verbs);

store.subscribe(({ chosen }) => {
  const hash = chosen === null || chosen === MINE ? "" : `#${encodeURIComponent(chosen)}`;
  if (hash && hash !== location.hash) history.replaceState(null, "", hash); // a reload shows the same camera
});
