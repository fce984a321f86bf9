// One camera, large: its picture as it moves, and its watches with their lines.
// @ts-check

import { h, setText } from "../../dom.js";
import { clock } from "../../format.js";
import { Line, columns } from "../../plot.js";
import { served, t } from "../../words/tongue.js";
import { isOn, tileSaid, watchesOf } from "../state.js";
import { openShapes } from "./shapes.js";
import { saidWords, standingWords } from "./tile.js";
import { mayWatch } from "../../watchapi.js";

const EVERY_MS = 500;
const WIDTH = 1280;
const SPAN_S = 1200;

/** {open(name)}. Escape leads back to the tile.
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ lines: Readings }} options */
export function cameraView(store, verbs, { lines }) {
  const dialog = h("dialog", { class: "dialog camera-dialog", "aria-labelledby": "camera-title" });
  document.body.append(dialog);
  const title = h("h2", { id: "camera-title" });
  const said = h("p", { class: "muted" });
  const image = h("img", { class: "big", alt: "" });
  const list = h("ul", { class: "camera-watches" });
  const add = h("button", { type: "button", class: "primary", t: "wall.new_watch", onclick: () => leaveFor(() => verbs.newWatch(name)) });
  const shapes = h("button", { type: "button", class: "quiet small", t: "shapes.open", onclick: () => leaveFor(drawShapes) });
  const ask = h("a", { class: "quiet small asks", t: "wall.ask_this" });
  const close = h("button", { type: "button", class: "quiet", t: "dialog.close", onclick: () => dialog.close() });
  dialog.append(h("div", { class: "event-top" }, h("div", {}, title, said), ask), image, list, h("div", { class: "row end" }, shapes, close, add));

  let name = ""; // none
  /** @type {number | null} */
  let takenAt = null;
  let busy = false;
  /** @type {number | null} */
  let timer = null;
  /** @type {ReturnType<typeof row>[]} */
  let drawn = [];

  async function drawShapes() {
    const camera = store.get().cameras.find((each) => each.name === name);
    const saved = camera ? await openShapes(camera) : null;
    if (saved) store.set({ cameras: store.get().cameras.map((each) => (each.name === saved.name ? saved : each)) });
    shapes.focus({ preventScroll: true });
    return saved;
  }

  /** @param {() => Promise<unknown>} work */
  async function leaveFor(work) {
    const { scrollTop } = dialog;
    const done = await work();
    if (dialog.open && done) fill();
    dialog.scrollTop = scrollTop;
  }

  async function turn() {
    tick();
    const camera = store.get().cameras.find((each) => each.name === name);
    if (busy || document.hidden || store.get().server !== "ready" || camera?.state !== "live") return;
    busy = true;
    const asked = name;
    try {
      const response = await fetch(`v1/cameras/${encodeURIComponent(asked)}/snapshot.jpg?width=${WIDTH}`, { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (response.ok && asked === name) {
        const before = image.src;
        takenAt = performance.now() - Number(response.headers.get("x-askcam-age-ms") ?? 0);
        image.src = URL.createObjectURL(await response.blob());
        if (before.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(before), 1000);
      }
    } catch {
      // its age says so
    }
    busy = false;
  }

  function tick() {
    const state = store.get();
    const camera = state.cameras.find((each) => each.name === name);
    /** @type {TileSaid} */
    const what = camera ? tileSaid(state, camera, takenAt === null ? null : performance.now() - takenAt) : { tone: "off", key: "wall.removed" };
    dialog.dataset.tone = what.tone;
    add.disabled = !mayWatch(state.role);
    shapes.disabled = state.role !== "admin"; // which is known a moment after the page is
    setText(said, [saidWords(what), camera?.state === "live" && camera.power === "low" ? t("caption.low_power") : null, camera?.uri, camera?.state === "live" ? null : served(camera?.reason ?? "")].filter(Boolean).join(" · "));
    for (const each of drawn) each.draw();
  }

  function fill() {
    for (const each of drawn) each.end();
    const state = store.get();
    add.title = state.role === "viewer" ? t("wall.viewer") : "";
    drawn = watchesOf(state, name).map(({ watch }) => row(watch));
    list.replaceChildren(...drawn.map(({ element }) => element));
    if (!drawn.length) list.append(h("li", { class: "muted" }, t("wall.no_watches_here")));
  }

  /** @param {WatchInfo} watch */
  function row(watch) {
    const host = h("div", { class: "camera-plot", role: "img" });
    const words = h("span", { class: "muted" });
    const trouble = h("p", { class: "field-hint", hidden: true });
    const line = new Line(host, { axes: true, clock });
    const element = h("li", {}, h("div", { class: "camera-row" }, h("strong", {}, watch.name), words,
      h("button", { type: "button", class: "quiet small", t: "wall.change", onclick: () => leaveFor(() => verbs.changeWatch(now().watch)) })),
      h("p", { class: "muted" }, watch.question), trouble, host);
    const now = () => watchesOf(store.get(), name).find((each) => each.watch.name === watch.name) ?? { watch, now: null };
    return {
      element,
      draw() {
        const { watch: present, now: stands } = now();
        const data = columns(lines.of(watch.name, name), present.every_s);
        const to = Date.now() / 1000;
        line.show({ data, from: to - SPAN_S, to, on: present.on, off: present.off });
        if (!stands) return;
        element.dataset.on = String(isOn(stands));
        setText(words, standingWords(stands));
        trouble.hidden = !stands.trouble;
        setText(trouble, stands.trouble ?? "");
        host.setAttribute("aria-label", t("wall.line", { name: watch.name, n: stands.probability === null ? "–" : stands.probability.toFixed(2) }));
      },
      end: () => line.end(),
    };
  }

  dialog.addEventListener("close", () => {
    clearInterval(timer);
    for (const each of drawn) each.end();
    drawn = [];
    list.replaceChildren();
    image.removeAttribute("src");
    /** @type {HTMLElement | null} */ (document.querySelector(`.tile[data-camera="${CSS.escape(name)}"] .tile-picture`))?.focus();
    name = "";
  });

  return {
    /**
     * @param {string} camera
     * @param {Picture | undefined} still
     */
    open(camera, still) {
      if (dialog.open) return;
      name = camera;
      takenAt = still?.takenAt ?? null;
      if (still) image.src = still.url;
      image.alt = t("caption.live_of", { name });
      setText(title, name);
      ask.href = `./#${encodeURIComponent(name)}`;
      fill();
      dialog.showModal();
      close.focus({ preventScroll: true });
      turn();
      timer = setInterval(turn, EVERY_MS);
    },
    /** Names of watches whose lines are in sight there. */
    watched: () => (name === "" ? [] : watchesOf(store.get(), name).map(({ watch }) => watch.name)),
  };
}
