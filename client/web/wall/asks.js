// One question to all cameras: each answer as it comes, with the picture that it was given from, then one made of all.
// @ts-check

import { sendAndFollow } from "../api.js";
import { shownBy } from "./state.js";

const PATIENCE_MS = 150_000; // a busy server asks a few at a time
const MAX_TOKENS = 96;

/** @param {Store<WallState>} store */
export function createAsks(store) {
  /** @type {AbortController | null} */
  let abort = null;
  let serial = 0; // of the last question

  /**
   * @param {string} camera
   * @param {Partial<WallAnswer>} patch
   */
  function change(camera, patch) {
    const { asked } = store.get();
    if (!asked) return;
    store.set({ asked: { ...asked, answers: { ...asked.answers, [camera]: { ...asked.answers[camera], ...patch } } } });
  }

  /** @param {AskEvent} event */
  function hear(event) {
    if (event.type === "camera.answered") {
      const { camera, text, problem, askcam, probability } = event.answer;
      change(camera, problem ? { phase: "refused", problem } : { phase: "done", text: text ?? "", saw: askcam, probability });
    } else if (event.type === "done") {
      const { asked } = store.get();
      const { made_by: by, text, askcam } = event.reply; // a listing says what the tiles say
      if (asked && by === "model") store.set({ asked: { ...asked, merged: text } });
      else if (asked && by === "probabilities") store.set({ asked: { ...asked, shown: shownBy(askcam.answers ?? []) } });
    }
  }

  /** Nobody is waited for any more: whoever has not answered is told of with `problem`.
   * @param {Problem} problem */
  function end(problem) {
    const { asked } = store.get();
    for (const [camera, { phase }] of Object.entries(asked?.answers ?? {})) {
      if (phase === "waiting") change(camera, { phase: "refused", problem });
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
    const names = cameras.map(({ name }) => name);
    serial += 1;
    const answers = Object.fromEntries(names.map((name) => /** @type {[string, WallAnswer]} */ ([name, { phase: "waiting", text: "", saw: null, problem: null, probability: null }])));
    store.set({ asked: { id: serial, question, running: true, merged: null, shown: null, answers } });
    try {
      const body = { question, cameras: names, stream: true, max_tokens: MAX_TOKENS };
      for await (const event of sendAndFollow("v1/ask", body, { signal: mine.signal, patienceMs: PATIENCE_MS })) {
        if (abort === mine) hear(event);
      }
      if (abort === mine) end({ code: "offline", message: "the server's answer broke off" });
    } catch (problem) {
      if (abort === mine) end({ code: problem.code, message: problem.message });
    }
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
