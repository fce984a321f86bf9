// Reads out each camera's answer as it comes, in a few words, to those who do not see the page; then the one answer.
// @ts-check

import { byId, h } from "../../dom.js";
import { list, percent } from "../../format.js";
import { problemWords } from "../../words/states.js";
import { t } from "../../words/tongue.js";
import { brief } from "../state.js";

/** @param {Store<WallState>} store */
export function reader(store) {
  const log = h("div", { class: "hidden", role: "log", "aria-live": "polite" }); // what is added is read, and nothing twice
  byId("announcer").after(log);
  /** @type {number | null} */
  let question = null; // the id of the one whose answers are read
  /** @type {Set<string>} */
  const said = new Set(); // cameras
  let ended = false;

  /** @param {string} words */
  const say = (words) => log.append(h("p", {}, words));

  store.subscribe(({ asked }) => {
    if (asked?.id !== question) {
      question = asked?.id ?? null;
      said.clear();
      ended = false;
      log.replaceChildren();
    }
    if (!asked || ended) return;
    for (const [camera, { phase, text, problem }] of Object.entries(asked.answers)) {
      if (phase === "waiting" || said.has(camera)) continue;
      said.add(camera);
      say(t("wall.said", { name: camera, text: problem ? problemWords(problem).title : brief(text) }));
    }
    if (asked.running) return;
    ended = true;
    if (asked.shown) say(asked.shown.length ? `${t("wall.shown")} ${list(asked.shown.map(({ camera, probability }) => `${camera} ${percent(probability)}`))}` : t("wall.shown_nowhere"));
    else say(asked.merged ? brief(asked.merged) : t("wall.asked", { done: said.size, all: said.size }));
  });
}
