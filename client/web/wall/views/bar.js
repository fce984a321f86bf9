// The bar above the tiles: one question to all cameras, a new watch, the whole screen.
// @ts-check

import { byId, h, icon, setText, whenChanged } from "../../dom.js";
import { t } from "../../words/tongue.js";

const PLUS = ["M12 5v14", "M5 12h14"];
const FULL = ["M4 9V4h5", "M20 9V4h-5", "M4 15v5h5", "M20 15v5h-5"];

export function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // a browser that does not let pages do so
}

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ focused: () => string | null }} actions
 */
export function bar(store, verbs, actions) {
  const place = byId("bar");
  const box = h("input", { id: "ask-all", type: "text", autocomplete: "off", enterKeyHint: "send", maxLength: 2000, tLabel: "wall.ask_all", data: { tHint: "wall.ask_all_hint" }, placeholder: t("wall.ask_all_hint") });
  const send = h("button", { class: "primary", t: "wall.ask" });
  const form = h("form", { class: "ask-all box", autocomplete: "off", onsubmit: (event) => {
    event.preventDefault();
    const { asked } = store.get();
    if (asked?.running) verbs.clear();
    else verbs.ask(box.value);
  } }, box, send);
  const told = h("p", { class: "asked", role: "status", hidden: true });
  const words = h("span");
  const clear = h("button", { type: "button", class: "link", t: "wall.clear", onclick: () => verbs.clear() });
  const watch = h("button", { type: "button", class: "link", t: "wall.watch_this", onclick: () => verbs.newWatch(null, store.get().asked?.question ?? "") });
  const merged = h("strong", { class: "merged" });
  told.append(words, merged, watch, clear);
  const add = h("button", { type: "button", class: "quiet with-icon", tLabel: "wall.new_watch", onclick: () => verbs.newWatch(actions.focused()) }, icon(...PLUS), h("span", { t: "wall.new_watch" }));
  const full = h("button", { type: "button", class: "icon", tLabel: "wall.fullscreen", tTitle: "wall.fullscreen", onclick: fullscreen }, icon(...FULL));
  place.append(form, add, full, told);

  store.subscribe(whenChanged(({ asked, server, role, cameras }) => [asked, server, role, cameras.length], ({ asked, server, role, cameras }) => {
    setText(send, t(asked?.running ? "ask.stop" : "wall.ask"));
    send.disabled = server !== "ready" || !cameras.length;
    add.disabled = server !== "ready" || role !== "admin";
    add.title = role === "viewer" ? t("wall.viewer") : "";
    told.hidden = !asked;
    if (!asked) return;
    const all = Object.values(asked.answers);
    const done = all.filter(({ phase }) => phase !== "waiting").length;
    setText(words, t("wall.asked", { question: asked.question, done, all: all.length }));
    setText(merged, asked.merged ?? "");
    merged.hidden = !asked.merged;
    watch.hidden = role !== "admin";
  }));
  return { focus: () => box.focus(), box };
}
