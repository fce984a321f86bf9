// One question to all cameras: a few at once, each answer with the picture that it was given from.
// @ts-check

import { send } from "../api.js";

const AT_ONCE = 3;
const PATIENCE_MS = 90_000; // a busy server answers one after the other
const MAX_TOKENS = 96;

/** @param {Store<WallState>} store */
export function createAsks(store) {
  /** @type {AbortController | null} */
  let abort = null;

  /**
   * @param {string} question
   * @param {string} camera
   * @param {Partial<WallAnswer>} patch
   */
  function change(question, camera, patch) {
    const { asked } = store.get();
    if (asked?.question !== question) return;
    store.set({ asked: { ...asked, answers: { ...asked.answers, [camera]: { ...asked.answers[camera], ...patch } } } });
  }

  /**
   * @param {string} question
   * @param {string} camera
   * @param {AbortSignal} signal
   */
  async function one(question, camera, signal) {
    try {
      const body = { model: camera, messages: [{ role: "user", content: question }], max_tokens: MAX_TOKENS };
      const reply = await send("POST", "v1/chat/completions", body, { signal, patienceMs: PATIENCE_MS });
      change(question, camera, { phase: "done", text: reply.choices[0].message.content ?? "", saw: reply.askcam });
    } catch (problem) {
      if (!signal.aborted) change(question, camera, { phase: "refused", problem: { code: problem.code, message: problem.message } });
    }
  }

  /** @param {string} text */
  async function ask(text) {
    const question = text.trim();
    const { cameras, server } = store.get();
    if (!question || server !== "ready" || !cameras.length) return false;
    clear();
    const mine = new AbortController();
    abort = mine;
    const waiting = cameras.map(({ name }) => name);
    store.set({ asked: { question, running: true, answers: Object.fromEntries(waiting.map((name) => [name, { phase: "waiting", text: "", saw: null, problem: null }])) } });
    const workers = Array.from({ length: AT_ONCE }, async () => {
      while (waiting.length && !mine.signal.aborted) await one(question, /** @type {string} */ (waiting.shift()), mine.signal);
    });
    await Promise.all(workers);
    const { asked } = store.get();
    if (asked && abort === mine) store.set({ asked: { ...asked, running: false } });
    return true;
  }

  function clear() {
    abort?.abort();
    abort = null;
    store.set({ asked: null });
  }

  return { ask, clear };
}
