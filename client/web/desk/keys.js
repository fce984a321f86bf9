// The keyboard of a desk: a till has one, and a barcode scanner's keys go to the question only while it has the focus.
// @ts-check

import { elsewhere } from "../keys.js";

/** [key, the name of what it does], for the help.
 * @type {Keys} */
export const KEYS = [
  ["Enter", "desk.key_accept"],
  ["Backspace", "desk.key_retake"],
  ["Z", "desk.key_undo"],
  ["P", "desk.key_price"],
  ["/", "key.box"],
  ["Esc", "key.stop"],
  ["1 … 9", "key.camera"],
  ["?", "key.help"],
];

/**
 * @param {Store<DeskState>} store
 * @param {DeskVerbs} verbs
 * @param {(words: Words) => void} ask
 */
export function keys(store, verbs, ask) {
  /** @type {Record<string, () => void>} */
  const bare = {
    Enter: () => verbs.accept(),
    Backspace: () => verbs.retake(),
    z: () => verbs.undo(),
    Z: () => verbs.undo(),
    p: () => ask("desk.ask_price"),
    P: () => ask("desk.ask_price"),
    "/": () => verbs.write(),
  };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (store.get().current !== null) verbs.stop();
      else target.blur?.();
      return;
    }
    if (elsewhere(event)) return;
    if (event.key === "Enter" && target.closest("button, a")) return; // it presses that
    const number = /^Digit([1-9])$/.exec(event.code)?.[1];
    const camera = number && store.get().cameras[Number(number) - 1];
    const verb = camera ? () => verbs.choose(camera.name) : bare[event.key];
    if (!verb) return;
    event.preventDefault();
    verb();
  });
}
