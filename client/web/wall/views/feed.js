// The events: newest on top, never moving under a pointer. What came meanwhile is announced, and let in when asked.
// @ts-check

import { byId, h, setText, whenChanged } from "../../dom.js";
import { seconds } from "../../format.js";
import { served, t } from "../../words/tongue.js";
import { card } from "./card.js";
import { createPreview } from "./preview.js";
import { filters } from "./filters.js";
import { mayWatch } from "../../watchapi.js";

const NEAR_TOP = 24; // pixels: not scrolled

/** Whether the list may change on top: nobody points at it, is in it, or has scrolled it. */
export function createCalm() {
  let pointed = false;
  const list = byId("events");
  list.addEventListener("pointerenter", () => (pointed = true));
  list.addEventListener("pointerleave", () => (pointed = false));
  return () => !pointed && !list.contains(document.activeElement) && byId("events-scroll").scrollTop < NEAR_TOP;
}

/**
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ open: (id: number) => void, calm: () => boolean }} options
 */
export function feed(store, verbs, { open, calm }) {
  const list = byId("events");
  const scroll = byId("events-scroll");
  const preview = createPreview();
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map();
  const count = h("span", { class: "count" });
  const markAll = h("button", { type: "button", class: "quiet small", t: "event.mark_all",
    onclick: () => verbs.acknowledge(store.get().events.filter((event) => !event.acknowledged_at).map(({ id }) => id), true) });
  const fresh = h("button", { type: "button", class: "fresh", hidden: true, onclick: () => {
    verbs.settle();
    scroll.scrollTop = 0;
  } });
  const undo = h("div", { class: "undo", role: "status", hidden: true });
  const undoWords = h("span");
  undo.append(undoWords, h("button", { type: "button", class: "link", t: "event.undo", onclick: () => verbs.undo() }));
  const state = h("p", { class: "stream-state", role: "status", hidden: true });
  const older = h("button", { type: "button", class: "quiet small older", t: "event.older", hidden: true, onclick: () => verbs.more() });
  const none = h("div", { class: "nothing", hidden: true });
  const wanted = filters(store, verbs);
  byId("events-head").append(h("div", { class: "feed-bar" }, wanted.unreviewed, count, markAll), wanted.choices, undo, state, fresh);
  list.after(none, older);
  list.addEventListener("pointerleave", () => setTimeout(() => calm() && verbs.settle(), 600));

  /** @type {Render<WallState>} */
  const listed = whenChanged(({ events, picked }) => [events.map(({ id, acknowledged_at: seen, verdict, frame_url: url }) => [id, seen, verdict, url]), picked], ({ events, picked }) => {
    const chosen = new Set(picked);
    const known = new Set(events.map(({ id }) => id));
    for (const [id, each] of cards) {
      if (known.has(id)) continue;
      each.element.remove();
      cards.delete(id);
    }
    events.forEach((event, index) => {
      const each = cards.get(event.id) ?? card({ verbs, open, preview });
      cards.set(event.id, each);
      each.show(event, chosen.has(event.id));
      if (list.children[index] !== each.element) list.insertBefore(each.element, list.children[index] ?? null);
    });
    const unseen = events.filter((event) => !event.acknowledged_at).length;
    setText(count, t("event.unreviewed_count", { n: store.get().older ? `${unseen}+` : unseen }));
    markAll.disabled = unseen === 0;
    preview.hide();
  });

  /** @type {Render<WallState>} */
  const said = whenChanged(({ feed: phase, events, older: more, filters: wanted, watches, server }) => [phase, events.length, more, wanted, watches?.length, server], (now) => {
    older.hidden = !now.older;
    none.hidden = now.events.length > 0;
    if (!none.hidden) none.replaceChildren(...nothing(now, verbs));
  });

  /** @type {Render<WallState>} */
  const announced = whenChanged(({ fresh: waiting }) => waiting.length, ({ fresh: waiting }) => {
    fresh.hidden = waiting.length === 0;
    setText(fresh, t(waiting.length === 1 ? "event.one_new" : "event.new", { n: waiting.length }));
  });

  /** @type {Render<WallState>} */
  const undoable = whenChanged(({ undo: last }) => last, ({ undo: last }) => {
    undo.hidden = !last;
    if (last) setText(undoWords, saidLast(last));
  });

  function streaming() {
    const { stream, streamRetryAt, server, missed } = store.get();
    const broken = server === "ready" && stream === "broken";
    state.hidden = !broken && !missed;
    if (broken) setText(state, t("event.stream_broken", { wait: seconds(Math.max(0, (streamRetryAt ?? 0) - Date.now())) }));
    else if (missed) setText(state, t("event.gone", { n: missed.last_missed - missed.first_missed + 1 }));
  }

  store.subscribe((now) => {
    listed(now);
    said(now);
    announced(now);
    undoable(now);
    streaming();
  });
  setInterval(streaming, 1000); // it counts down

  return {
    /** Ids that R and U are about when nothing is picked: the event that has the focus, or is pointed at. */
    aimed() {
      const found = /** @type {HTMLElement | null} */ (list.querySelector(".event:focus-within") ?? list.querySelector(".event:hover"));
      return found ? [Number(found.dataset.id)] : [];
    },
    inside: () => list.contains(document.activeElement),
    /** @param {string} key */
    go(key) {
      const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".event-open")]);
      const present = document.activeElement?.closest(".event")?.querySelector(".event-open");
      const at = all.findIndex((each) => each === present);
      const next = all[key === "ArrowDown" ? at + 1 : at - 1];
      next?.focus();
      return Boolean(next);
    },
  };
}

/** @param {Undo} last */
function saidLast(last) {
  if ("ids" in last) return t(last.acknowledged ? "event.reviewed_count" : "event.unreviewed_again", { n: last.ids.length });
  return t(last.verdict === "wrong" ? "event.judged_wrong" : last.verdict === "right" ? "event.judged_right" : "event.judged_back");
}

/**
 * @param {WallState} state
 * @param {WallVerbs} verbs
 */
function nothing({ feed: phase, filters: wanted, watches, server, role, feedWhy }, verbs) {
  if (server !== "ready" && phase === "loading") return [h("p", { class: "muted" }, t("event.waiting"))];
  if (phase === "loading") return [h("div", { class: "spinner dark-spinner", "aria-hidden": "true" })];
  if (phase === "failed") return [h("p", {}, t("event.failed", { why: served(feedWhy) })), h("button", { type: "button", class: "quiet small", onclick: verbs.reload }, t("stage.retry"))];
  if (watches?.length === 0) {
    const make = mayWatch(role) ? [h("button", { type: "button", class: "primary", onclick: () => verbs.newWatch() }, t("wall.new_watch"))] : [h("p", { class: "muted" }, t("wall.viewer"))];
    return [h("h2", {}, t("event.no_watches")), h("p", { class: "muted" }, t("event.no_watches_text")), ...make];
  }
  const filtered = wanted.severity || wanted.watch || wanted.camera;
  return [h("h2", {}, t(filtered ? "event.none_such" : wanted.unreviewed ? "event.all_reviewed" : "event.none")),
    h("p", { class: "muted" }, t(filtered ? "event.none_such_text" : "event.none_text"))];
}
