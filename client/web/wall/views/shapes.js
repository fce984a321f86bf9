// The dialog in which an admin draws what of a camera's picture is hidden, and what can be asked about alone.
// @ts-check

import { send } from "../../api.js";
import { h, setText } from "../../dom.js";
import { served, t } from "../../words/tongue.js";
import { MOST_MASKS, MOST_ZONES, clipPath, fresh, moved, nameForZone, toToml, without, withPoint } from "../shapes.js";

const WIDTH = 1280;
const STEP = 0.01; // of the picture, per press of an arrow key
const FAR = 0.05; // ... with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Opens it; resolves with the camera as it is now, or null when nothing was saved.
 * @param {CameraInfo} camera
 * @returns {Promise<CameraInfo | null>} */
export async function openShapes(camera) {
  const dialog = h("dialog", { class: "dialog camera-dialog shapes-dialog", "aria-labelledby": "shapes-title" });
  /** @type {Drawn[]} */
  const shapes = [
    ...camera.masks.map((polygon) => ({ kind: /** @type {const} */ ("mask"), name: "", polygon })),
    ...Object.entries(camera.zones).map(([name, { polygon }]) => ({ kind: /** @type {const} */ ("zone"), name, polygon })),
  ];
  /** @type {Drawn | null} */
  let chosen = shapes[0] ?? null;
  /** @type {CameraInfo | null} */
  let saved = null;

  const image = h("img", { class: "shapes-picture", alt: t("caption.live_of", { name: camera.name }), src: `v1/cameras/${encodeURIComponent(camera.name)}/snapshot.jpg?width=${WIDTH}` });
  const layer = h("div", { class: "shapes-layer" });
  const list = h("ul", { class: "shapes-list" });
  const problem = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const newMask = h("button", { type: "button", class: "quiet small", t: "shapes.new_mask", onclick: () => add("mask") });
  const newZone = h("button", { type: "button", class: "quiet small", t: "shapes.new_zone", onclick: () => add("zone") });
  const keep = h("pre", { class: "shapes-toml", tabIndex: 0 });
  const kept = h("details", { class: "shapes-kept" }, h("summary", { t: "shapes.keep" }), keep);
  const save = h("button", { type: "button", class: "primary", t: "shapes.save", onclick: put });
  const close = h("button", { type: "button", class: "quiet", t: "dialog.close", onclick: () => dialog.close() });
  dialog.append(
    h("h2", { id: "shapes-title" }, t("shapes.title", { name: camera.name })), h("p", { class: "muted", t: "shapes.how" }),
    h("div", { class: "shapes-stage" }, image, layer), h("div", { class: "row" }, newMask, newZone), list, problem, kept,
    h("div", { class: "row end" }, close, save));
  document.body.append(dialog);
  draw();
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  return saved;

  /** @param {"mask" | "zone"} kind */
  function add(kind) {
    const name = kind === "mask" ? "" : nameForZone(shapes.map((each) => each.name));
    chosen = { kind, name, polygon: fresh() };
    shapes.push(chosen);
    draw();
    handle(0)?.focus();
  }

  function draw() {
    newMask.disabled = shapes.filter(({ kind }) => kind === "mask").length >= MOST_MASKS;
    newZone.disabled = shapes.filter(({ kind }) => kind === "zone").length >= MOST_ZONES;
    list.replaceChildren(...shapes.map(row));
    if (!shapes.length) list.append(h("li", { class: "muted", t: "shapes.none" }));
    layer.replaceChildren(...shapes.map(({ kind, polygon }, index) => {
      const area = h("div", { class: "shapes-area", data: { kind, chosen: String(shapes[index] === chosen) } });
      area.style.clipPath = clipPath(polygon);
      return area;
    }), ...(chosen?.polygon ?? []).map(([x, y], index) => point(x, y, index)));
    setText(keep, toToml(camera.name, masks(), zones()));
  }

  /** @param {Drawn} shape */
  function row(shape) {
    const number = shapes.filter(({ kind }) => kind === shape.kind).indexOf(shape) + 1;
    const title = shape.kind === "mask" ? t("shapes.mask", { n: number }) : t("shapes.zone", { name: shape.name });
    const choose = h("button", { type: "button", class: "quiet small", "aria-pressed": String(shape === chosen), onclick: () => { chosen = shape; draw(); handle(0)?.focus(); } }, title);
    const name = shape.kind === "mask" ? null : h("input", { type: "text", value: shape.name, maxLength: 63, "aria-label": t("shapes.name"), autocomplete: "off", spellcheck: false, onchange: rename });
    const remove = h("button", { type: "button", class: "quiet small", "aria-label": t("shapes.remove", { name: title }), onclick: () => {
      shapes.splice(shapes.indexOf(shape), 1);
      if (shape === chosen) chosen = shapes[0] ?? null;
      draw();
      newMask.focus();
    } }, t("shapes.remove_short"));
    /** @param {Event} event */
    function rename(event) {
      shape.name = /** @type {HTMLInputElement} */ (event.target).value.trim();
      draw();
    }
    return h("li", {}, choose, name, remove);
  }

  /** @param {number} x @param {number} y @param {number} index */
  function point(x, y, index) {
    const knob = h("button", { type: "button", class: "shapes-point", "aria-label": t("shapes.point", { n: index + 1, x: Math.round(100 * x), y: Math.round(100 * y) }), onkeydown: pressed, onpointerdown: held });
    knob.style.left = `${100 * x}%`;
    knob.style.top = `${100 * y}%`;
    return knob;

    /** @param {KeyboardEvent} event */
    function pressed(event) {
      const shape = chosen;
      if (!shape) return;
      const arrow = ARROWS[event.key];
      let next = index;
      if (arrow) {
        const far = event.shiftKey ? FAR : STEP;
        shape.polygon = moved(shape.polygon, index, x + arrow[0] * far, y + arrow[1] * far);
      } else if (event.key === "+" || event.key === "Insert") {
        const before = shape.polygon.length;
        shape.polygon = withPoint(shape.polygon, index);
        next = shape.polygon.length > before ? index + 1 : index;
      } else if (event.key === "Delete" || event.key === "Backspace" || event.key === "-") {
        shape.polygon = without(shape.polygon, index);
        next = Math.min(index, shape.polygon.length - 1);
      } else return;
      event.preventDefault();
      draw();
      handle(next)?.focus();
    }

    /** @param {PointerEvent} event */
    function held(event) {
      const shape = chosen;
      if (!shape || event.button !== 0) return;
      event.preventDefault();
      const over = new AbortController();
      const { left, top, width, height } = layer.getBoundingClientRect();
      window.addEventListener("pointermove", (move) => {
        shape.polygon = moved(shape.polygon, index, (move.clientX - left) / width, (move.clientY - top) / height);
        draw();
      }, { signal: over.signal });
      for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => { over.abort(); handle(index)?.focus(); }, { signal: over.signal });
    }
  }

  /** @param {number} index */
  function handle(index) {
    return /** @type {HTMLElement | undefined} */ (layer.querySelectorAll(".shapes-point")[index]);
  }

  function masks() {
    return shapes.filter(({ kind }) => kind === "mask").map(({ polygon }) => polygon);
  }

  function zones() {
    return Object.fromEntries(shapes.filter(({ kind }) => kind === "zone").map(({ name, polygon }) => [name, polygon]));
  }

  async function put() {
    const named = shapes.filter(({ kind }) => kind === "zone");
    problem.hidden = true;
    save.disabled = true;
    try {
      if (new Set(named.map(({ name }) => name)).size < named.length) throw new Error(t("shapes.twice"));
      const body = { masks: masks(), zones: Object.fromEntries(named.map(({ name, polygon }) => [name, { polygon }])) };
      saved = await send("PUT", `v1/cameras/${encodeURIComponent(camera.name)}`, body);
      dialog.close();
    } catch (refused) {
      problem.hidden = false;
      setText(problem, served(refused.message));
    }
    save.disabled = false;
  }
}
