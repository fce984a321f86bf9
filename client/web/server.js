// Watches the server over HTTP: is it there, is its model warm, what are its cameras. One loop, never two requests at once.
// @ts-check

import * as api from "./api.js";

const EVERY_MS = 1500;
const HIDDEN_MS = 10_000; // nobody looks
const LOADING_MS = 700;
const BACKOFF_MS = [500, 1000, 2000, 4000, 6000];

/** Keeps the store true to the server; of its cameras the page knows those that `shows(CameraInfo)` lets pass.
 * @param {Store<SharedState>} store
 * @param {(camera: CameraInfo) => boolean} [shows] */
export function watchServer(store, shows = () => true) {
  let failures = 0;
  /** @type {number | null} */
  let timer = null;
  let running = false;
  let again = false;

  async function look() {
    const { server } = store.get();
    if (server !== "ready") {
      const loading = await api.loading();
      if (loading) return set("loading", { loading });
    }
    const cameras = (await api.cameras()).filter(shows);
    await lookAtMine();
    if (server === "ready") return set("ready", { cameras });
    set("ready", { cameras, model: await api.model(), loading: null });
  }

  /** The reader's own camera, as the server sees it: a private one, in nobody's list. */
  async function lookAtMine() {
    const { name } = store.get().mine;
    if (!name) return;
    const seen = await api.camera(name).catch(() => null);
    const { mine } = store.get();
    if (seen && mine.name === name) store.set({ mine: { ...mine, state: seen.state, health: seen.health } });
  }

  /**
   * @param {SharedState["server"]} server
   * @param {Partial<SharedState>} [patch]
   */
  function set(server, patch = {}) {
    failures = 0;
    const since = store.get().server === server ? {} : { server, serverSince: Date.now() };
    store.set({ ...since, retryAt: null, ...patch });
  }

  /** @param {any} problem */
  function failed(problem) {
    if (problem.status === 401) return set("locked");
    if (problem.code === "model_loading") return set("loading");
    const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    failures += 1;
    /** @type {Partial<SharedState>} */
    const since = store.get().server === "gone" ? {} : { server: "gone", serverSince: Date.now() };
    store.set({ ...since, refusal: problem.status ? problem.message : null, retryAt: Date.now() + wait });
  }

  function pause() {
    const { server, retryAt } = store.get();
    if (server === "gone") return Math.max(0, (retryAt ?? 0) - Date.now());
    if (server === "locked") return HIDDEN_MS;
    if (server === "loading") return LOADING_MS;
    return document.hidden ? HIDDEN_MS : EVERY_MS;
  }

  async function check() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    clearTimeout(timer);
    try {
      await look();
    } catch (problem) {
      if (!(problem instanceof api.ApiProblem)) console.error(problem);
      failed(problem);
    }
    running = false;
    timer = setTimeout(check, again ? 0 : pause());
    again = false;
  }

  document.addEventListener("visibilitychange", check);
  check();
  return { check };
}
