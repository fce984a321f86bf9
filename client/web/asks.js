// The life of one question: waiting -> answering -> done, stopped, incomplete or broken; or refused, and then it is no answer.
// @ts-check

import { HISTORY, MINE, currentAnswer } from "./state.js";

const EARLIER = 2; // exchanges that a follow-up knows of
const EARLIER_MS = 30_000; // older ones were about another scene
const STOP_MS = 3000; // then the line is taken for dead
const PATIENCE_MS = 8000; // for a connection or camera that is just being opened

/** @type {Record<string, Problem>} */
const REFUSALS = {
  gone: { code: "offline", words: "problem.offline_text" },
  locked: { code: "offline", words: "problem.locked_text" },
  loading: { code: "model_loading", words: "problem.model_loading_text" },
  no_camera: { code: "no_camera", message: "" },
};

/** @type {Record<string, Phase>} */
const ENDINGS = { completed: "done", cancelled: "stopped", incomplete: "incomplete" };

/** `session()` is the open realtime session or null; `reopen()` replaces one that does not answer any more.
 * @param {Store<AskState>} store
 * @param {() => Session | null} session
 * @param {() => void} reopen */
export function createAsks(store, session, reopen) {
  let serial = Math.max(0, ...store.get().answers.map(({ id }) => id)); // of the last answer
  /** @type {{ question: string, timer: number } | null} */
  let unsent = null; // {question, timer} of a question that waits for the line

  /** @param {Partial<Answer>} patch */
  function change(patch) {
    const { answers, current } = store.get();
    store.set({ answers: answers.map((answer) => (answer.id === current ? { ...answer, ...patch } : answer)) });
  }

  function ready() {
    const { chosen, mine } = store.get();
    return session() !== null && (chosen !== MINE || mine.state === "live");
  }

  /** What "it" in a question may refer to. Whoever asks the same again wants a fresh look, not the answer before.
   * @param {string} asked */
  function earlier(asked) {
    const { answers, since } = store.get();
    const told = answers.slice(since).filter(({ question, phase, askedAt }) =>
      phase === "done" && question !== asked && Date.now() - askedAt < EARLIER_MS);
    return told.slice(-EARLIER);
  }

  function send() {
    if (!unsent || !ready()) return;
    clearTimeout(unsent.timer);
    change({ camera: store.get().chosen });
    session()?.ask(unsent.question, earlier(unsent.question));
    unsent = null;
  }

  /** Ends the present answer as it stands; one without a word is taken back when `refusal` is given.
   * @param {Phase} phase
   * @param {Problem | null} [refusal] */
  function end(phase, refusal = null) {
    const answer = currentAnswer(store.get());
    if (!answer) return;
    clearTimeout(unsent?.timer);
    unsent = null;
    if (refusal && !answer.text) {
      const answers = store.get().answers.filter((each) => each !== answer);
      const since = Math.min(store.get().since, answers.length);
      store.set({ answers, since, current: null, problem: { ...refusal, question: answer.question } });
      return;
    }
    change({ phase, wholeMs: performance.now() - answer.started });
    store.set({ current: null });
  }

  /** @param {string} question */
  function ask(question) {
    const text = question.trim();
    const { server, chosen, current, answers, since } = store.get();
    if (!text || current !== null) return false;
    const refusal = REFUSALS[server] ?? (server === "ready" && chosen === null ? REFUSALS.no_camera : null);
    if (refusal) {
      store.set({ problem: { ...refusal, question: text } });
      return false;
    }
    serial += 1;
    /** @type {Answer} */
    const answer = {
      id: serial, question: text, camera: chosen, askedAt: Date.now(), started: performance.now(), text: "",
      phase: "waiting", firstMs: null, wholeMs: null, saw: null, opens: since > 0 && since === answers.length,
    };
    const dropped = Math.max(0, answers.length + 1 - HISTORY);
    store.set({ answers: [...answers, answer].slice(dropped), since: since - dropped, current: answer.id, problem: null });
    const timer = setTimeout(() => end("broken", { code: "slow", words: "problem.slow_text" }), PATIENCE_MS);
    unsent = { question: text, timer };
    send();
    return true;
  }

  function stop() {
    const answer = currentAnswer(store.get());
    if (!answer) return;
    if (unsent) return end("stopped");
    change({ phase: "stopping" });
    session()?.stop();
    setTimeout(() => {
      if (store.get().current !== answer.id) return;
      end("stopped");
      reopen();
    }, STOP_MS);
  }

  /** @param {Heard} event */
  function hear(event) {
    const answer = currentAnswer(store.get());
    if (event.type === "closed" && answer && !unsent) {
      end("broken", { code: "offline", words: "problem.broken_text" });
    }
    if (event.type === "opened" || event.type === "camera") send();
    if (!answer) return;
    if (event.type === "delta") {
      const firstMs = answer.firstMs ?? performance.now() - answer.started;
      const phase = answer.phase === "stopping" ? "stopping" : "answering";
      change({ text: answer.text + event.text, firstMs, phase });
      store.set({ firstWordMs: firstMs });
    } else if (event.type === "done") {
      change({ saw: event.saw });
      end(ENDINGS[event.status] ?? "done");
    } else if (event.type === "error") {
      end("broken", { code: event.error.code, message: event.error.message, words: event.error.words });
    }
  }

  return { ask, stop, hear, end, poke: send };
}
