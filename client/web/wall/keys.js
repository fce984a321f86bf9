// The keyboard of Wall. Bare keys work outside of texts and dialogs; dialogs have their own.
// @ts-check

import { elsewhere } from "../keys.js";
import { fullscreen } from "./views/bar.js";
import { mayWatch } from "../watchapi.js";

const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

/** [key, the name of what it does].
 * @type {Keys} */
export const KEYS = [
  ["← ↑ → ↓", "wall.key_arrows"], ["Enter", "wall.key_enter"], ["Esc", "wall.key_esc"], ["/", "wall.key_ask"], ["E", "wall.key_events"],
  ["R", "wall.key_review"], ["X", "wall.key_wrong"], ["U", "wall.key_undo"], ["Ctrl + A", "wall.key_all"], ["W", "wall.key_watch"], ["F", "wall.key_full"], ["?", "key.help"],
];

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ tiles: Tiles, feed: FeedView, bar: { focus: () => void }, timeline: { focus: () => void } }} options
 */
export function keys(store, verbs, { tiles, feed, bar, timeline }) {
  /** @type {Record<string, () => unknown>} */
  const bare = {
    "/": () => (store.get().tab === "timeline" && !tiles.focused() ? timeline.focus() : bar.focus()),
    e: () => /** @type {HTMLElement | null} */ (document.querySelector(".event-open"))?.focus(),
    r: () => verbs.review(feed.aimed(), true),
    x: () => verbs.wrong(feed.aimed()),
    u: () => (store.get().undo ? verbs.undo() : takeBack()),
    w: () => mayWatch(store.get().role) && verbs.newWatch(tiles.focused()),
    f: fullscreen,
  };

  /** U when there is nothing to undo: the review of what is in hand. */
  function takeBack() {
    const { picked, events } = store.get();
    const ids = picked.length ? picked : feed.aimed();
    const seen = events.filter((event) => ids.includes(event.id) && event.acknowledged_at);
    return verbs.acknowledge(seen.map(({ id }) => id), false);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) return escape(event);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && !typing(event) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      return verbs.pick(store.get().events.map(({ id }) => id));
    }
    if (elsewhere(event)) return;
    if (ARROWS.has(event.key)) {
      const upright = event.key === "ArrowUp" || event.key === "ArrowDown";
      if (/** @type {Element} */ (event.target).closest?.("[role=tab]")) return;
      if (feed.inside() ? upright && feed.go(event.key) : tiles.go(event.key)) event.preventDefault();
      return;
    }
    const verb = bare[event.key.toLowerCase()];
    if (!verb) return;
    event.preventDefault();
    verb();
  });

  /** @param {KeyboardEvent} event */
  function escape({ target }) {
    if (typing({ target })) /** @type {HTMLElement} */ (target).blur();
    else if (store.get().picked.length) verbs.pick([]);
    else if (store.get().asked) verbs.clear();
    else if (store.get().tab === "timeline") verbs.show("events");
    else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
  }
}

/** @param {{ target: any }} event */
function typing({ target }) {
  return target.closest?.("input, textarea, select") !== null;
}
