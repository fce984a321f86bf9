// What a person can do on Wall. The views call these by name.
// @ts-check

import { ApiProblem, login, send } from "../api.js";
import { openWatchDialog } from "../watch/dialog.js";
import * as watchapi from "../watchapi.js";
import { createAsks } from "./asks.js";
import { createFeed } from "./feed.js";

const WATCHES_MS = 1500;
const HIDDEN_MS = 10_000;
const FOUND = 40; // entries of the timeline at once

/**
 * @param {Store<WallState>} store
 * @param {{ check: () => void }} server
 * @param {() => boolean} calm
 */
export function createVerbs(store, server, calm) {
  const feed = createFeed(store, calm);
  const asks = createAsks(store);
  let searching = 0;

  async function look() {
    if (store.get().server === "ready") {
      try {
        const [watches, role] = await Promise.all([watchapi.watches(), store.get().role ?? watchapi.role()]);
        store.set({ watches, role });
      } catch (problem) {
        if (!(problem instanceof ApiProblem)) throw problem; // server.js finds out what is wrong, and says it
      }
    }
    setTimeout(look, document.hidden ? HIDDEN_MS : WATCHES_MS);
  }
  look();

  /** @param {{ camera?: string | null, question?: string, watch?: WatchInfo }} wanted */
  async function edit(wanted) {
    const done = await openWatchDialog(wanted);
    if (done) store.set({ watches: await watchapi.watches() });
    return done;
  }

  return {
    ...asks,
    more: feed.more,
    settle: feed.settle,
    acknowledge: feed.acknowledge,
    judge: feed.judge,
    undo: feed.undo,
    reload: () => feed.load(),

    retry() {
      server.check();
      feed.retry();
    },

    newWatch: (/** @type {string | null} */ camera = null, question = "") => edit({ camera, question }),
    changeWatch: (/** @type {WatchInfo} */ watch) => edit({ watch }),

    /** @param {Partial<Filters>} patch */
    filter(patch) {
      store.set({ filters: { ...store.get().filters, ...patch }, events: [], fresh: [], picked: [] });
      feed.load();
    },

    /** @param {number[]} ids */
    pick(ids) {
      store.set({ picked: ids });
    },

    /** R: those that are picked, else `ids`.
     * @param {number[]} ids
     * @param {boolean} acknowledged */
    review(ids, acknowledged) {
      const { picked } = store.get();
      return feed.acknowledge(picked.length ? picked : ids, acknowledged);
    },

    /** X: those that are picked, else `ids`, were wrong; where all of them are called so already, not after all.
     * @param {number[]} ids */
    async wrong(ids) {
      const { picked, events } = store.get();
      const wanted = picked.length ? picked : ids;
      const meant = events.filter(({ id, watch }) => watch !== null && wanted.includes(id));
      const verdict = meant.every((event) => event.verdict === "wrong") ? null : "wrong";
      for (const event of meant) if (event.verdict !== verdict) await feed.judge(event, verdict);
    },

    show: (/** @type {WallState["tab"]} */ tab) => store.set({ tab }),

    /**
     * @param {Wish | null} wanted
     * @param {number | null} [before]
     */
    async search(wanted, before = null) {
      const mine = (searching += 1);
      const earlier = before === null ? [] : store.get().search.entries;
      store.set({ search: { ...store.get().search, phase: "busy", wanted, entries: earlier } });
      try {
        const found = await watchapi.timeline({ ...wanted, limit: FOUND, before });
        if (mine !== searching) return;
        if (found === null) store.set({ search: { phase: "off", entries: [], more: false, why: "", wanted } });
        else store.set({ search: { phase: "done", entries: [...earlier, ...found.data], more: found.has_more, why: "", wanted } });
      } catch (problem) {
        if (mine === searching) store.set({ search: { phase: "failed", entries: earlier, more: false, why: problem.message, wanted } });
      }
    },

    /** A drawn camera, to look around with. */
    async addSample() {
      await send("POST", "v1/cameras", { name: "sample", uri: "synthetic:7" });
      server.check();
    },

    /** Throws ApiProblem when the token is refused.
     * @param {string} token */
    async login(token) {
      await login(token);
      store.set({ role: null });
      server.check();
    },
  };
}
