// The bar above the tiles: one question to all cameras, a new watch, the whole screen.
// @ts-check

import { byId, h, icon, setText, whenChanged } from "../../dom.js";
import { limit } from "../../views/limit.js";
import { briefNote, powerWords } from "../../words/states.js";
import { served, t } from "../../words/tongue.js";
import { asked } from "./asked.js";
import { mayWatch } from "../../watchapi.js";

const PLUS = ["M12 5v14", "M5 12h14"];
const MOST_ASKED = 2000; // characters: each camera is asked all of it
const FULL = ["M4 9V4h5", "M20 9V4h-5", "M4 15v5h5", "M20 15v5h-5"];

export function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // a browser that does not let pages do so
}

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ focused: () => string | null, reach: (camera: string) => void }} actions
 */
export function bar(store, verbs, actions) {
  const place = byId("bar");
  const box = h("input", { id: "ask-all", type: "text", autocomplete: "off", enterKeyHint: "send", tLabel: "wall.ask_all", data: { tHint: "wall.ask_all_hint" }, placeholder: t("wall.ask_all_hint") });
  const send = h("button", { class: "primary", t: "wall.ask" });
  const form = h("form", { class: "ask-all box", autocomplete: "off", onsubmit: (event) => {
    event.preventDefault();
    if (store.get().asked?.running) verbs.clear();
    else if (most.over()) box.focus();
    else verbs.ask(box.value);
  } }, box, send);
  const most = limit(box, MOST_ASKED);
  const note = h("p", { class: "note", hidden: true });
  const add = h("button", { type: "button", class: "quiet with-icon", tLabel: "wall.new_watch", onclick: () => verbs.newWatch(actions.focused()) }, icon(...PLUS), h("span", { t: "wall.new_watch" }));
  const full = h("button", { type: "button", class: "icon", tLabel: "wall.fullscreen", tTitle: "wall.fullscreen", onclick: fullscreen }, icon(...FULL));
  place.append(form, add, full, most.element, asked(store, verbs, actions).element, note);

  store.subscribe(whenChanged(({ asked: now, server, role, cameras }) => [now?.running, server, role, cameras.length], ({ asked: now, server, role, cameras }) => {
    setText(send, t(now?.running ? "ask.stop" : "wall.ask"));
    send.disabled = server !== "ready" || !cameras.length;
    add.disabled = server !== "ready" || !mayWatch(role);
    add.title = role === "viewer" ? t("wall.viewer") : "";
  }));
  store.subscribe(whenChanged(({ model, cameras }) => [model?.note, cameras.map(powerWords)], ({ model, cameras }) => {
    const low = new Set(cameras.map(powerWords).filter(Boolean)); // of several machines some may be in low power
    const words = model?.note ?? "";
    setText(note, [briefNote(words), ...low].filter(Boolean).join(" · "));
    note.title = [served(words), ...low].filter(Boolean).join("\n");
    note.hidden = !note.textContent;
  }));
  store.subscribe(whenChanged(() => null, most.check));
  return { focus: () => box.focus(), box };
}
