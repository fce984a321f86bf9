// The two views of what happened: the events, and the timeline.
// @ts-check

import { byId, h, whenChanged } from "../../dom.js";

/** @type {["events" | "timeline", Words][]} */
const TABS = [["events", "wall.events"], ["timeline", "wall.timeline"]];

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 */
export function tabs(store, verbs) {
  const buttons = TABS.map(([name, words]) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, t: words, onclick: () => verbs.show(name) }));
  const list = byId("tabs");
  list.append(...buttons);
  list.addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const next = TABS[(TABS.findIndex(([name]) => name === store.get().tab) + 1) % TABS.length][0];
    verbs.show(next);
    queueMicrotask(() => byId(`tab-${next}`).focus());
  });
  store.subscribe(whenChanged(({ tab }) => tab, ({ tab }) => {
    TABS.forEach(([name], index) => {
      buttons[index].setAttribute("aria-selected", String(name === tab));
      buttons[index].tabIndex = name === tab ? 0 : -1;
      byId(`panel-${name}`).hidden = name !== tab;
    });
  }));
}
