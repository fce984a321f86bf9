// Building elements without markup in strings: nothing that a camera or a model says is ever parsed as HTML.
// @ts-check

import { language, translate } from "./words/tongue.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, `on…` listeners, `data` and `aria-…`/`role` attributes, and children (null is left out).
 *
 * `t`, `tTitle` and `tLabel` name words (words/tongue.js) that follow the page's language: its text, title and label.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props<HTMLElementTagNameMap[T]>} props
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]} */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "class") element.className = value;
    else if (["t", "tTitle", "tLabel"].includes(key)) element.dataset[key] = value;
    else if (key in element && !key.startsWith("aria-")) Object.assign(element, { [key]: value });
    else element.setAttribute(key, value);
  }
  if (props.t || props.tTitle || props.tLabel) translate(element);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A 24 x 24 line drawing from the `d` of its paths.
 * @param {...string} paths */
export function icon(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** The element of the page with this id.
 * @template {keyof Ids} K
 * @param {K} id
 * @returns {Ids[K]} */
export function byId(id) {
  return /** @type {Ids[K]} */ (document.getElementById(id));
}

/** Where the focus goes when what had it is gone. Not on a phone: its keyboard would come up. */
export function focusQuestion() {
  if (matchMedia("(pointer: fine)").matches) byId("question").focus({ preventScroll: true });
}

/** Set text only when it differs, so that live regions and selections are left in peace.
 * @param {Node} element
 * @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Call `render`, but not while something in `root` is pressed: a click whose element was replaced under it is lost.
 * @template S
 * @param {HTMLElement} root
 * @param {(state: S) => void} render
 * @returns {(state: S) => void} */
export function whenLetGo(root, render) {
  /** @type {AbortController | null} */
  let press = null; // ends what listens for its end: nothing of a view that is gone stays with the window
  /** @type {S | null} */
  let waiting = null;
  root.addEventListener("pointerdown", () => {
    press?.abort();
    const mine = press = new AbortController();
    const { signal } = mine;
    const letGo = () => setTimeout(() => { // behind the click
      mine.abort();
      if (press !== mine) return; // pressed again
      press = null;
      if (waiting) render(waiting);
      waiting = null;
    });
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, letGo, { capture: true, signal });
    window.addEventListener("blur", letGo, { signal }); // the window's own: of an element it does not bubble, and a press often takes the focus from one
    window.addEventListener("pointermove", (event) => { if (event.buttons === 0) letGo(); }, { capture: true, signal }); // let go outside
  });
  return (state) => {
    if (press) waiting = state;
    else render(state);
  };
}

/** Call `render` only when what `key` makes of the state has changed, or the language.
 * @template S
 * @param {(state: S) => unknown} key
 * @param {(state: S) => void} render
 * @returns {(state: S) => void} */
export function whenChanged(key, render) {
  /** @type {string | undefined} */
  let before;
  return (state) => {
    const now = language() + (JSON.stringify(key(state)) ?? "");
    if (now === before) return;
    before = now;
    render(state);
  };
}
