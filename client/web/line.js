// Keeps one realtime session open for the camera that is wanted, and opens it again when it breaks.
// @ts-check

import { Session } from "./session.js";

const BACKOFF_MS = [300, 1000, 2000, 4000, 8000];
const FINAL = new Set(["model_not_found", "busy", "forbidden_origin", "insufficient_permissions", "invalid_value", "no_pushed_desks"]); // a person must act

/** `heard(event)` gets the session's events; `check()` looks after the server when the line breaks.
 * @param {Store<SharedState>} store
 * @param {(event: Heard) => void} heard
 * @param {() => void} check */
export function createLine(store, heard, check) {
  /** @type {Session | null} */
  let session = null;
  /** @type {string | null} */
  let wanted = null; // a camera's name, "push:" or "push:desk"
  let attempt = 0;
  /** @type {number | null} */
  let timer = null;

  function open() {
    clearTimeout(timer);
    timer = null;
    session?.close();
    session = null;
    if (wanted === null || store.get().server !== "ready") {
      if (store.get().line !== "closed") store.set({ line: "closed" });
      return;
    }
    store.set({ line: "opening", lineProblem: null });
    session = new Session(wanted, hear);
  }

  /** @param {Heard} event */
  function hear(event) {
    if (event.type === "opened") {
      attempt = 0;
      store.set({ line: "open", lineProblem: null });
    }
    if (event.type === "closed") {
      session = null;
      broken(event);
    }
    heard(event);
  }

  /** @param {{ wasOpen: boolean, error: Problem | null }} event */
  function broken({ wasOpen, error }) {
    store.set({ line: "closed" });
    check();
    if (error && FINAL.has(error.code ?? "")) {
      store.set({ lineProblem: error });
      return;
    }
    const wait = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    attempt += 1;
    if (!wasOpen && attempt > 2) {
      store.set({ lineProblem: error ?? { code: "websocket", words: "banner.websocket" } });
    }
    timer = setTimeout(open, wait);
  }

  let before = store.get().server;
  store.subscribe(({ server }) => {
    if (server === before) return;
    before = server;
    attempt = 0;
    if (server === "ready" && !session) open();
    if (server !== "ready" && timer) {
      clearTimeout(timer);
      timer = null;
    }
  });

  return {
    /** Have a session about this camera ("push:" or "push:desk" for the reader's own), or none (null). The old one is closed.
     * @param {string | null} model */
    want(model) {
      wanted = model;
      attempt = 0;
      store.set({ lineProblem: null });
      open();
    },
    retry() {
      attempt = 0;
      if (!session?.isOpen) open();
    },
    reopen: open,
    get session() {
      return session?.isOpen ? session : null;
    },
  };
}
