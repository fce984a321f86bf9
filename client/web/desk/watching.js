// Looks at what the desk reads, twice a second while it is looked at, and holds the newest product on the card.
// @ts-check

import * as api from "../api.js";
import { MINE, chosenCamera } from "../state.js";
import { pictures } from "./crop.js";
import { productOf, several } from "./product.js";

const EVERY_MS = 400;
const LABEL = { long: 360, around: 0.25 }; // pixels; how much around the code, by its own size
const WHOLE = 320;

/** Owns `desk` and `held` of the store, but for what retake() forgets.
 * @param {Store<DeskState>} store */
export function watchDesk(store) {
  /** @type {number | null} */
  let timer = null;
  let running = false;

  function live() {
    const { server, chosen, mine, line } = store.get();
    if (server !== "ready" || document.hidden) return null;
    if (chosen === MINE) return mine.phase === "live" && line === "open" && mine.state === "live" ? mine.name : null;
    return chosenCamera(store.get())?.state === "live" ? chosen : null;
  }

  async function look() {
    const name = live();
    if (name === null) {
      if (store.get().desk !== null) store.set({ desk: null });
      return;
    }
    const desk = await api.desk(name);
    if (live() !== name) return;
    store.set({ desk });
    await hold(name, desk);
  }

  /**
   * @param {string} name
   * @param {DeskInfo} desk
   */
  async function hold(name, desk) {
    const seen = several(desk) ? null : productOf(desk);
    if (seen === null) return;
    const { held } = store.get();
    if (held?.code === seen.code) {
      if (held.known !== seen.known || held.price !== seen.price) store.set({ held: { ...held, ...seen } });
      return;
    }
    store.set({ held: { ...seen, at: Date.now(), picture: null, label: null } });
    const shown = await pictures(name, seen, WHOLE, LABEL);
    const now = store.get().held;
    if (now?.code === seen.code) store.set({ held: { ...now, ...shown } });
  }

  async function tick() {
    if (running) return;
    running = true;
    clearTimeout(timer);
    try {
      await look();
    } catch (problem) {
      if (!(problem instanceof api.ApiProblem)) throw problem;
      if (store.get().desk !== null) store.set({ desk: null }); // the server's watch says what is wrong
    } finally {
      running = false;
      timer = setTimeout(tick, EVERY_MS);
    }
  }

  document.addEventListener("visibilitychange", tick);
  tick();
}
