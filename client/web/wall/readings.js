// What the watches have lately read, for their lines: had once, then gone on with.
// @ts-check

import { readings } from "../watchapi.js";

const EVERY_MS = 2500;
const HIDDEN_MS = 15_000;
const AT_ONCE = 4; // requests
const MOST = 600; // of one line, as the server has them

/** `wanted()` gives names of watches whose lines are in sight; `came()` is called when there are new readings.
 * @param {Store<WallState>} store
 * @param {{ wanted: () => Set<string>, came: () => void }} options */
export function createReadings(store, { wanted, came }) {
  /** @type {Map<string, Reading[]>} */
  const lines = new Map(); // "watch camera" -> [{at, probability}], oldest first
  /** @type {Map<string, string>} */
  const asked = new Map(); // watch -> what it asks: other readings are none of its line

  async function turn() {
    const { server, watches } = store.get();
    if (server === "ready" && watches) {
      forget(watches);
      const names = [...wanted()];
      for (let first = 0; first < names.length; first += AT_ONCE) await Promise.all(names.slice(first, first + AT_ONCE).map(update));
      came();
    }
    setTimeout(turn, document.hidden ? HIDDEN_MS : EVERY_MS);
  }

  /** @param {WatchInfo[]} watches */
  function forget(watches) {
    for (const { name, cameras, question, kind } of watches) {
      const asks = JSON.stringify([question, kind, cameras]);
      if (asked.get(name) === asks) continue;
      asked.set(name, asks);
      for (const key of [...lines.keys()]) if (key.startsWith(`${name} `)) lines.delete(key);
    }
  }

  /** @param {string} name */
  async function update(name) {
    const known = [...lines].filter(([key]) => key.startsWith(`${name} `)).map(([, line]) => line.at(-1)?.at ?? "");
    const since = known.length && known.every(Boolean) ? known.reduce((a, b) => (a < b ? a : b)) : null;
    try {
      for (const { camera, readings: found } of await readings(name, { since })) {
        const line = lines.get(`${name} ${camera}`) ?? [];
        const last = line.at(-1)?.at ?? "";
        lines.set(`${name} ${camera}`, [...line, ...found.filter(({ at }) => at > last)].slice(-MOST));
      }
    } catch {
      // the watch is gone, or the server is: both are said elsewhere
    }
  }

  turn();
  return { of: (/** @type {string} */ watch, /** @type {string} */ camera) => lines.get(`${watch} ${camera}`) ?? [] };
}
