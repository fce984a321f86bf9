// The list of events: had page by page, gone on with by the stream, and looked through by a person.
// @ts-check

import { read } from "../api.js";
import * as watchapi from "../watchapi.js";
import { MOST_EVENTS, joined, matches, newestFirst } from "./state.js";
import { createStream } from "./stream.js";

const PAGE = 50;
const AT_ONCE = 500; // ids of one request
const BACK_AT_ONCE = 20; // events that others say are not reviewed after all, and that are not in the list

/** `calm()` says whether nobody's pointer, focus or scrolling is on the list, so that it may move.
 * @param {Store<WallState>} store
 * @param {() => boolean} calm */
export function createFeed(store, calm) {
  let begun = false;
  let wish = 0; // the newest request counts
  let stale = false; // others may have reviewed what is listed
  /** Of each request that is under way, the ids that the stream has told of since: an answer of before says nothing of them.
   * @type {Set<Set<number>>} */
  const asking = new Set();

  const stream = createStream({
    heard({ name, data }) {
      if (name === "gone") return gone(data);
      if (name === "acknowledged" || name === "clip" || name === "judged") for (const told of asking) for (const { id } of data.data) told.add(id);
      if (name === "acknowledged") return reviewed(data.data);
      if (name === "clip") return clipped(data.data);
      if (name === "judged") return data.data.forEach(judged);
      if (name !== "resume") arrived(data);
    },
    told(stream, streamRetryAt) {
      if (stream === "broken") stale = true; // what others review meanwhile is not told
      store.set({ stream, streamRetryAt });
      if (stream === "open" && stale && calm()) settle();
    },
  });

  /** @param {Missed} missed */
  function gone(missed) {
    store.set({ missed });
    load(true);
  }

  /** @param {WatchEvent} event */
  function arrived(event) {
    const { events, fresh, filters } = store.get();
    if (!matches(event, filters) || [...events, ...fresh].some((each) => each.id === event.id)) return;
    store.set({ fresh: joined(fresh, [event]) });
    if (calm()) settle();
  }

  /** Somebody, here or elsewhere, has said of `seen`, [{id, acknowledged_at}], whether they are reviewed.
   * @param {Seen[]} seen */
  async function reviewed(seen) {
    const now = new Map(seen.map(({ id, acknowledged_at: at }) => [id, at]));
    /** @param {WatchEvent} event */
    const told = (event) => (now.has(event.id) ? { ...event, acknowledged_at: now.get(event.id) ?? null } : event);
    const { events, fresh } = store.get();
    store.set({ events: events.map(told), fresh: fresh.map(told) });
    if (calm()) settle();
    const listed = new Set([...events, ...fresh].map(({ id }) => id));
    const oldest = events.at(-1);
    const back = seen.filter(({ id, acknowledged_at: at }) => at === null && !listed.has(id)).slice(0, BACK_AT_ONCE);
    for (const event of await Promise.all(back.map(({ id }) => read(`v1/events/${id}`).catch(() => null)))) {
      if (event && !(oldest && newestFirst(event, oldest) > 0)) arrived(event); // older ones are had by "Older"
    }
  }

  /** Clips of events that were told before are there, or never will be.
   * @param {ClipOfEvent[]} told */
  function clipped(told) {
    const now = new Map(told.map(({ id, clip }) => [id, clip]));
    /** @param {WatchEvent} event */
    const known = (event) => (now.has(event.id) ? { ...event, clip: now.get(event.id) ?? null } : event);
    const { events, fresh } = store.get();
    store.set({ events: events.map(known), fresh: fresh.map(known) });
  }

  /** Somebody, here or elsewhere, has said of an event whether it was so.
   * @param {Judged} now */
  function judged({ id, verdict, note, judged_at: at }) {
    /** @param {WatchEvent} event */
    const told = (event) => (event.id === id ? { ...event, verdict, note, judged_at: at } : event);
    const { events, fresh } = store.get();
    store.set({ events: events.map(told), fresh: fresh.map(told) });
  }

  /** Those that wait come in, and what is done with goes: only when nobody aims at anything. */
  function settle() {
    const { events, fresh, filters, picked, stream: now } = store.get();
    if (stale && now === "open") {
      stale = false;
      load(true);
    }
    const kept = joined(events, fresh).filter((event) => matches(event, filters));
    const shown = kept.slice(0, MOST_EVENTS);
    if (!fresh.length && shown.length === events.length) return;
    const known = new Set(shown.map((event) => event.id));
    store.set({ events: shown, fresh: [], older: store.get().older || shown.length < kept.length, picked: picked.filter((id) => known.has(id)) });
  }

  function wanted() {
    const { unreviewed, severity, watch, camera } = store.get().filters;
    return { acknowledged: unreviewed ? "false" : null, severity, watch, camera, limit: PAGE };
  }

  /** The newest page anew. `unasked`: nobody here wanted it, so that it waits where somebody aims at the list by then. */
  async function load(unasked = false) {
    const mine = (wish += 1);
    store.set({ feed: store.get().events.length ? "ready" : "loading" });
    try {
      const newest = begun ? null : await watchapi.events({ limit: 1 });
      const { data, has_more: older } = await watchapi.events(wanted());
      if (newest) {
        begun = true;
        stream.begin(newest.data[0]?.id ?? 0); // what came since then is told by it, once
      }
      if (mine !== wish) return;
      const { events, fresh } = store.get();
      if (unasked && events.length && !calm()) {
        stale = true; // what it says of those that are listed comes with the next time that it is calm
        store.set({ feed: "ready", fresh: joined(fresh, data.filter(({ id }) => !events.some((event) => event.id === id))) });
      } else store.set({ feed: "ready", events: data, fresh: fresh.filter((event) => !data.some(({ id }) => id === event.id)), older });
    } catch (problem) {
      if (mine === wish) store.set({ feed: "failed", feedWhy: problem.message });
    }
  }

  async function more() {
    const mine = wish;
    const { events } = store.get();
    const { data, has_more: older } = await watchapi.events({ ...wanted(), before: events.at(-1)?.id });
    if (mine === wish) store.set({ events: joined(store.get().events, data), older });
  }

  /** What the server has answered, and of it what is not older than what the stream has told.
   * @param {() => Promise<WatchEvent[]>} ask */
  async function answered(ask) {
    const told = new Set();
    asking.add(told);
    try {
      const said = await ask();
      return { said, current: said.filter(({ id }) => !told.has(id)) };
    } finally {
      asking.delete(told);
    }
  }

  /**
   * @param {number[]} ids
   * @param {boolean} acknowledged
   */
  async function acknowledge(ids, acknowledged, undoable = true) {
    if (!ids.length) return;
    const { picked } = store.get();
    store.set({ picked: [] }); // now, and not with the answer: by then others may be picked
    const { said, current } = await answered(async () => {
      const said = [];
      for (let first = 0; first < ids.length; first += AT_ONCE) said.push(...await watchapi.acknowledge(ids.slice(first, first + AT_ONCE), acknowledged));
      return said;
    }).catch((problem) => {
      if (!store.get().picked.length) store.set({ picked });
      throw problem;
    });
    const now = new Map(current.map((event) => [event.id, event]));
    const { events, fresh } = store.get();
    const missing = acknowledged ? [] : current.filter((event) => matches(event, store.get().filters));
    store.set({
      events: joined(events.map((event) => now.get(event.id) ?? event), missing), fresh: fresh.map((event) => now.get(event.id) ?? event),
      undo: undoable ? { ids: said.map((event) => event.id), acknowledged } : null,
    });
    if (calm()) settle();
  }

  /** Say of an event whether it was so; null takes that back. Resolves with the event as it is then.
   * @param {Pick<WatchEvent, "id" | "verdict" | "note">} event as it is now
   * @param {Verdict} verdict
   * @param {string | null} [note] */
  async function judge({ id, ...before }, verdict, note = null, undoable = true) {
    const { said: [now], current } = await answered(async () => [await watchapi.judge(id, verdict, note)]);
    current.forEach(judged);
    store.set({ undo: undoable ? { judged: id, verdict, before: { verdict: before.verdict, note: before.note } } : null });
    return now;
  }

  /** @type {WallState["server"] | null} */
  let server = null;
  store.subscribe((state) => {
    if (state.server === server) return;
    server = state.server;
    if (server !== "ready") return;
    stream.retry();
    if (!begun || state.feed === "failed") load();
  });

  return {
    load,
    more,
    settle,
    acknowledge,
    judge,
    undo() {
      const { undo } = store.get();
      if (!undo) return null;
      if ("ids" in undo) return acknowledge(undo.ids, !undo.acknowledged, false);
      return judge({ id: undo.judged, verdict: undo.verdict, note: null }, undo.before.verdict, undo.before.note, false);
    },
    retry: stream.retry,
  };
}
