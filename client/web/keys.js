// The keyboard. Bare keys work outside of text; with Alt the cameras can be chosen from anywhere.
// @ts-check

import { byId } from "./dom.js";
import { MINE } from "./state.js";

/** Whether a key that was pressed is meant for a text, a dialog or the browser, and not for the page.
 * @param {KeyboardEvent} event */
export function elsewhere(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true;
  return document.querySelector("dialog[open]") !== null || isText(event.target);
}

/** Whether what has the focus is a field; the document itself, which has no closest(), counts as one.
 * @param {any} target */
export function isText(target) {
  return target.closest?.("input, textarea, select") !== null;
}

/**
 * @param {Store<AskState>} store
 * @param {Verbs} verbs
 */
export function keys(store, verbs) {
  const box = byId("question");

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return; // a dialog has its own Escape
    const typing = isText(event.target);
    if (event.key === "Escape") return escape(typing);
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (digit && (event.altKey || !typing)) return camera(Number(digit), event);
    if (typing || event.altKey) return;
    const verb = BARE[event.key];
    if (!verb) return;
    event.preventDefault();
    verb();
  });

  /** @type {Record<string, () => void>} */
  const BARE = {
    "/": () => box.focus(),
    r: () => verbs.again(),
    R: () => verbs.again(),
    w: watch,
    W: watch,
    n: () => verbs.newConversation(),
    N: () => verbs.newConversation(),
  };

  function watch() {
    const answer = store.get().answers.at(-1);
    if (answer?.camera && answer.camera !== MINE && store.get().current === null) verbs.watch?.(answer);
  }

  /** @param {boolean} typing */
  function escape(typing) {
    if (store.get().current !== null) verbs.stop();
    else if (typing) box.blur();
  }

  /**
   * @param {number} number
   * @param {KeyboardEvent} event
   */
  function camera(number, event) {
    const chosen = store.get().cameras[number - 1];
    if (!chosen) return;
    event.preventDefault();
    verbs.choose(chosen.name);
  }
}
