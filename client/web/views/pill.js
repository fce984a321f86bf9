// The pill across the top that says what answers, and how quickly.
// @ts-check

import { byId, h, whenChanged } from "../dom.js";
import { seconds, shortModel } from "../format.js";
import { t } from "../words/tongue.js";

/** The dot of a state: its colour and form come from the `data-state` or `data-tone` of what it stands in. */
export function dot() {
  return h("span", { class: "dot", "aria-hidden": "true" });
}

/** @param {Store<SharedState>} store */
export function pill(store) {
  const place = byId("pill");
  store.subscribe(whenChanged(({ server, loading, model, firstWordMs, line }) => [server, loading?.share, loading?.failed, model, firstWordMs, line], (state) => {
    const [tone, words, title, more = ""] = say(state);
    place.dataset.tone = tone;
    place.replaceChildren(dot(), h("span", { class: "pill-words" }, words, more ? h("span", { class: "pill-more" }, ` · ${more}`) : null));
    place.title = title;
  }));
}

/** Its tone, its words, its title, and more words where there is room.
 * @param {SharedState} state
 * @returns {[string, string, string, string?]} */
function say({ server, loading, model, firstWordMs, line }) {
  switch (server) {
    case "gone":
      return ["bad", t("pill.gone"), t("pill.gone_title")];
    case "locked":
      return ["warn", t("pill.locked"), t("pill.locked_title")];
    case "loading":
      return loading?.failed ? ["bad", t("pill.no_model"), loading.what] : ["warn", t("pill.loading", { percent: Math.round((loading?.share ?? 0) * 100) }), loading?.what ?? ""];
    case "ready":
      break;
    default:
      return ["warn", t("pill.connecting"), ""];
  }
  const last = firstWordMs === null ? t("pill.ready") : seconds(firstWordMs);
  const words = `${shortModel(model?.id ?? "")} · ${last}`;
  const title = t(firstWordMs === null ? "pill.ready_title" : "pill.time_title");
  return [line === "open" ? "live" : "idle", words, title, model?.backend];
}
