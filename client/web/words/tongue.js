// The language of the page: the reader's choice, else the browser's. Elements that never change otherwise say in
// `data-t`, `data-t-title`, `data-t-label`, `data-t-hint` which words are theirs, and are told anew when it changes.
// @ts-check

import * as desk from "./desk.js";
import en from "./en.js";
import sentences from "./sentences.js";
import * as wall from "./wall.js";
import * as watch from "./watch.js";
import zh from "./zh.js";

/** All words of all pages, by language. */
export const CATALOGUES = {
  en: { ...en, ...desk.en, ...wall.en, ...watch.en },
  zh: { ...zh, ...desk.zh, ...wall.zh, ...watch.zh },
};
const KEPT = "askcam.language";
const ATTRIBUTES = { tTitle: "title", tLabel: "aria-label", tHint: "placeholder" };

/** @type {Language} */
let spoken = kept() ?? preferred();

/** "en" or "zh". */
export function language() {
  return spoken;
}

/** The words of `key`, with `values` in the places of {names}.
 * @param {Words} key
 * @param {Record<string, string | number>} values */
export function t(key, values = {}) {
  const words = /** @type {Record<string, string>} */ (CATALOGUES[spoken])[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => String(values[name]));
}

const MAX_SERVED = 1000; // characters of what a server says
/** @type {Record<string, [RegExp, string][]>} */
const SERVED = Object.fromEntries(Object.entries(sentences).map(([name, rows]) =>
  [name, rows.map(([pattern, words]) => [new RegExp(pattern, "g"), words.replace(/\\(\d)/g, "$$$1")])]));

/** What the server says, which is English, in the language of the page as far as its sentences are known.
 * @param {string} text */
export function served(text) {
  return (SERVED[spoken] ?? []).reduce((said, [pattern, words]) => said.replace(pattern, words), String(text).slice(0, MAX_SERVED));
}

/** From now on, and at the next visit. Whoever shows words of a state must render anew.
 * @param {Language} chosen */
export function speak(chosen) {
  spoken = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // a browser that keeps nothing: it lasts for this visit
  }
  translate(document);
}

/** Have an element, and all in it, say its words in the present language.
 * @param {Document | Element} root */
export function translate(root) {
  if (root === document) document.documentElement.lang = spoken === "zh" ? "zh-CN" : "en";
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (!(element instanceof HTMLElement || element instanceof SVGElement)) continue;
    const words = /** @type {Record<string, Words>} */ (element.dataset);
    if (words.t) say(element, words.t);
    for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
      if (words[name]) element.setAttribute(attribute, t(words[name]));
    }
  }
}

/** Give an element words that follow the language from now on.
 * @param {HTMLElement | SVGElement} element
 * @param {Words} key */
export function say(element, key) {
  element.dataset.t = key;
  const words = t(key);
  if (element.textContent !== words) element.textContent = words;
}

/** @returns {Language | null} */
function kept() {
  try {
    const name = localStorage.getItem(KEPT);
    return isLanguage(name) ? name : null;
  } catch {
    return null;
  }
}

/** @returns {Language} */
function preferred() {
  for (const tag of navigator.languages ?? [navigator.language]) {
    const name = String(tag).toLowerCase().split("-")[0];
    if (isLanguage(name)) return name;
  }
  return "en";
}

/**
 * @param {string | null} name
 * @returns {name is Language}
 */
function isLanguage(name) {
  return name !== null && Object.hasOwn(CATALOGUES, name);
}
