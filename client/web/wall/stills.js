// Pictures for the tiles: stills now and then, more often where something happens or somebody looks, none where nobody can
// see them. A few requests at once, whatever the number of cameras: a browser has six connections to a server.
// @ts-check

const IDLE_MS = 2000; // between pictures of a camera on which nothing happens
const BUSY_MS = 250;
const AT_ONCE = 3;
const WIDTH = 480;
const PATIENCE_MS = 8000;

/**
 * `seen` are names of cameras in sight, `lively(name)` says whether a camera's picture should move. `shown(name, picture)` gets
 * {url, takenAt}: an object URL, and performance.now() of the moment that it shows. Old URLs are let go.
 * @param {Store<WallState>} store
 * @param {{ seen: Set<string>, lively: (name: string) => boolean, shown: (name: string, picture: Picture) => void }} options
 */
export function createStills(store, { seen, lively, shown }) {
  /** @type {Map<string, Picture>} */
  const pictures = new Map();
  /** @type {Map<string, number>} */
  const due = new Map(); // name -> performance.now() of the next one
  /** @type {Set<string>} */
  const underway = new Set();
  /** @type {number | null} */
  let timer = null;

  function wanted() {
    const { server, cameras } = store.get();
    if (server !== "ready" || document.hidden) return [];
    return cameras.filter(({ name, state }) => state === "live" && seen.has(name) && !underway.has(name));
  }

  function turn() {
    clearTimeout(timer);
    const now = performance.now();
    const waiting = wanted().map(({ name }) => ({ at: due.get(name) ?? 0, name })).sort((a, b) => a.at - b.at);
    for (const { at, name } of waiting) {
      if (at > now || underway.size >= AT_ONCE) break;
      take(name);
    }
    timer = setTimeout(turn, 100);
  }

  /** @param {string} name */
  async function take(name) {
    underway.add(name);
    due.set(name, performance.now() + (lively(name) ? BUSY_MS : IDLE_MS));
    try {
      const url = `v1/cameras/${encodeURIComponent(name)}/snapshot.jpg?width=${WIDTH}`;
      const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!response.ok) return;
      const takenAt = performance.now() - Number(response.headers.get("x-askcam-age-ms") ?? 0);
      put(name, { url: URL.createObjectURL(await response.blob()), takenAt });
    } catch {
      // the tile says how old its picture is; the next turn tries again
    } finally {
      underway.delete(name);
    }
  }

  /**
   * @param {string} name
   * @param {Picture} picture
   */
  function put(name, picture) {
    const before = pictures.get(name);
    pictures.set(name, picture);
    shown(name, picture);
    if (before) setTimeout(() => URL.revokeObjectURL(before.url), 2000); // once the new one has been decoded
  }

  turn();
  return {
    /** {url, takenAt} of the newest, or undefined. */
    of: (/** @type {string} */ name) => pictures.get(name),
    /** Somebody has begun to look at it: now.
     * @param {string} name */
    hurry(name) {
      due.set(name, 0);
    },
    /** @param {Set<string>} names */
    forget(names) {
      for (const [name, { url }] of pictures) {
        if (names.has(name)) continue;
        URL.revokeObjectURL(url);
        pictures.delete(name);
      }
    },
  };
}
