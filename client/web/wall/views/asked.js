// What stands below the question to all cameras: the question, how far it is, and the one answer made of all. Of
// "Which camera shows …?" that is the cameras that do, each with its probability; they lead to their tiles.
// @ts-check

import { h, setText, whenChanged } from "../../dom.js";
import { list, percent } from "../../format.js";
import { folded } from "../../views/folded.js";
import { t } from "../../words/tongue.js";
import { unsaid } from "../state.js";
import { mayWatch } from "../../watchapi.js";

const LINES = 2; // of the question

/** {element}: hidden while nothing is asked.
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ reach: (camera: string) => void }} actions */
export function asked(store, verbs, { reach }) {
  const question = folded(LINES);
  const count = h("span", { class: "asked-count" });
  const merged = h("strong", { class: "merged" });
  const shown = h("span", { class: "shown" });
  const missing = h("span", { class: "unsaid" });
  const clear = h("button", { type: "button", class: "link", t: "wall.clear", onclick: () => verbs.clear() });
  const watch = h("button", { type: "button", class: "link", t: "wall.watch_this", onclick: () => verbs.newWatch(null, store.get().asked?.question ?? "") });
  const element = h("div", { class: "asked", hidden: true }, h("q", { class: "asked-question" }, question.element), merged, shown, missing, count, watch, clear);

  /** @param {Likely} camera */
  function named({ camera, probability }) {
    return h("button", { type: "button", class: "named", title: t("wall.to_tile", { name: camera }), onclick: () => reach(camera) },
      h("strong", {}, camera), ` ${percent(probability)}`);
  }

  store.subscribe(whenChanged(({ asked: now, role }) => [now, role], ({ asked: now, role }) => {
    element.hidden = !now;
    if (!now) return;
    const all = Object.values(now.answers);
    question.show(now.question);
    setText(count, t("wall.asked", { done: all.filter(({ phase }) => phase !== "waiting").length, all: all.length }));
    count.hidden = now.shown !== null; // who shows it and who could not say is told instead
    setText(merged, now.shown?.length === 0 ? t("wall.shown_nowhere") : now.merged ?? "");
    merged.hidden = !merged.textContent;
    shown.replaceChildren(...(now.shown?.length ? [t("wall.shown"), ...now.shown.map(named)] : []));
    shown.hidden = !now.shown?.length;
    const silent = now.shown ? unsaid(now.answers) : [];
    setText(missing, silent.length ? t("wall.unsaid", { names: list(silent) }) : "");
    missing.hidden = !silent.length;
    watch.hidden = !mayWatch(role);
  }));
  return { element };
}
