// All cameras, as a grid that is walked with the arrow keys; and what stands there when there is none.
// @ts-check

import { byId, h, whenChanged } from "../../dom.js";
import { t } from "../../words/tongue.js";
import { tile } from "./tile.js";

const TICK_MS = 500; // ages go on
const NARROW = 4 / 3; // shapes of tiles lie between these
const WIDE = 16 / 9;

/** {tiles, seen, focused(), step(key), draw()}: `seen` is the set of names in sight, kept true.
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ lines: Readings, open: (name: string) => void, hurry: (name: string) => void }} options */
export function tiles(store, verbs, { lines, open, hurry }) {
  const grid = byId("tiles");
  const none = byId("no-tiles");
  /** @type {Map<string, ReturnType<typeof tile>>} */
  const all = new Map(); // name -> tile
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {string | null} */
  let current = null; // the name that the arrow keys are at

  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const { camera = "" } = /** @type {HTMLElement} */ (target).dataset;
      if (isIntersecting) seen.add(camera);
      else seen.delete(camera);
      all.get(camera)?.look(isIntersecting);
      if (isIntersecting) hurry(camera);
    }
  }, { rootMargin: "80px" });

  grid.addEventListener("focusin", ({ target }) => {
    const found = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest(".tile"));
    if (found) rove(found.dataset.camera ?? null);
  });

  /** @param {string | null} name */
  function rove(name) {
    current = name;
    for (const each of all.values()) each.picture.tabIndex = each.name === name ? 0 : -1;
  }

  /** @type {Render<WallState>} */
  const built = whenChanged(({ cameras }) => cameras.map(({ name }) => name), ({ cameras }) => {
    const names = new Set(cameras.map(({ name }) => name));
    for (const [name, each] of all) {
      if (names.has(name)) continue;
      sight.unobserve(each.element);
      each.end();
      each.element.remove();
      all.delete(name);
      seen.delete(name);
    }
    const order = cameras.map(({ name }) => {
      const known = all.get(name);
      if (known) return known.element;
      const made = tile(name, { verbs, lines, open });
      all.set(name, made);
      sight.observe(made.element);
      return made.element;
    });
    if (order.some((element, index) => grid.children[index] !== element)) grid.append(...order);
    if (current === null || !names.has(current)) rove(cameras[0]?.name ?? null);
  });

  /** @type {Render<WallState>} */
  const emptied = whenChanged(({ cameras, server, role }) => [cameras.length, server, role], ({ cameras, server, role }) => {
    none.hidden = cameras.length > 0 || server === "gone";
    none.replaceChildren();
    if (none.hidden) return;
    if (server !== "ready") return none.append(h("div", { class: "spinner dark-spinner", "aria-hidden": "true" }), h("p", { class: "muted" }, t("wall.connecting_server")));
    none.append(h("h1", {}, t("wall.no_cameras")), h("p", { class: "muted" }, t("wall.no_cameras_text")),
      h("code", {}, "askcam serve --camera lobby=rtsp://user:password@192.0.2.7/stream1"));
    if (role === "admin") none.append(h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: () => verbs.addSample() }, t("wall.sample"))));
  });

  /** @type {Render<WallState>} */
  const shaped = whenChanged(({ cameras }) => cameras.map(({ width, height }) => [width, height]), ({ cameras }) => {
    const ratios = cameras.flatMap(({ width, height }) => (width && height ? [width / height] : []));
    const widest = Math.max(NARROW, ...ratios); // all alike, so that the grid stays one
    grid.style.setProperty("--ratio", String(Math.min(WIDE, widest)));
  });

  store.subscribe((state) => {
    built(state);
    shaped(state);
    emptied(state);
    for (const each of all.values()) each.update(state);
  });
  setInterval(() => {
    if (document.hidden) return;
    for (const each of all.values()) each.tick(store.get());
  }, TICK_MS);

  /** Where the arrow key leads from the present tile, by where tiles stand on the screen.
   * @param {string} key */
  function step(key) {
    const names = [...all.keys()];
    const index = names.findIndex((name) => name === current);
    if (key === "ArrowRight") return names[index + 1];
    if (key === "ArrowLeft") return names[index - 1];
    const here = all.get(current ?? "")?.element.getBoundingClientRect();
    if (!here) return names[0];
    const down = key === "ArrowDown";
    const candidates = [...all.values()].map(({ name, element }) => ({ name, box: element.getBoundingClientRect() }))
      .filter(({ box }) => Math.abs(box.left - here.left) < here.width / 2 && (down ? box.top > here.top + 4 : box.top < here.top - 4));
    candidates.sort(({ box: a }, { box: b }) => (down ? a.top - b.top : b.top - a.top));
    return candidates[0]?.name;
  }

  return {
    seen,
    show: (/** @type {string} */ name, /** @type {Picture} */ picture) => all.get(name)?.show(picture),
    /** Name of the camera that a person is at, by pointer or focus; null when at none. */
    attended: () => cameraOf(grid.querySelector(".tile:hover, .tile:focus-within")),
    focused: () => cameraOf(document.activeElement?.closest(".tile")),
    draw() {
      for (const each of all.values()) each.draw();
    },
    /** To the tile of a camera; nowhere when it is gone.
     * @param {string} name */
    reach: (name) => all.get(name)?.picture.focus(),
    /** Returns false when there is nothing in that direction.
     * @param {string} key */
    go(key) {
      const name = document.activeElement?.closest(".tile") ? step(key) : current;
      const found = all.get(name ?? "");
      found?.picture.focus();
      return found !== undefined;
    },
  };
}

/** @param {Element | null | undefined} tile */
function cameraOf(tile) {
  return /** @type {HTMLElement | null | undefined} */ (tile)?.dataset.camera ?? null;
}
