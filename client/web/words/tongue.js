// The language of the page: the reader's choice, else the browser's. Its words come from the server, which has them in
// the folders `locales`. Elements that never change otherwise say in `data-t`, `data-t-title`, `data-t-label`,
// `data-t-hint` which words are theirs, and are told anew when it changes.
// @ts-check

const KEPT = "askcam.language";
const PATIENCE_MS = 5000;
const AGAIN_MS = 1000; // between two tries to get the first words
const MAX_SERVED = 1000; // characters of what a server says
const ATTRIBUTES = { tTitle: "title", tLabel: "aria-label", tHint: "placeholder" };

/** @typedef {{ told: PageWords, plurals: Intl.PluralRules, sentences: [RegExp, string][] }} Spoken */

let spoken = await first();
let wishes = 0;

/** Its short name, as that of its files: "en", "zh". */
export function language() {
  return spoken.told.language;
}

/** All that there are, English first. */
export function languages() {
  return spoken.told.languages;
}

/** The locale by which dates are written. */
export function dates() {
  return spoken.told.dates;
}

/** The words of `key`, with `values` in the places of {names}; of a plural those for the number {n}.
 * @param {Words} key
 * @param {Record<string, string | number>} values */
export function t(key, values = {}) {
  const { told: { words }, plurals } = spoken;
  const text = words[key] ?? words[`${key}_${plurals.select(Number(values.n))}`] ?? words[`${key}_other`];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return fill(text, values);
}

/** What the server says, which is English, in the language of the page as far as its sentences are known.
 * @param {string} text */
export function served(text) {
  return spoken.sentences.reduce((said, [pattern, words]) =>
    said.replace(pattern, (...found) => fill(words, typeof found.at(-1) === "object" ? found.at(-1) : {})), String(text).slice(0, MAX_SERVED));
}

/** From now on, and at the next visit. Whoever shows words of a state must render anew. Rejects, and all stays as it
 * is, when the server does not answer.
 * @param {string} chosen one of `languages` */
export async function speak(chosen) {
  const mine = ++wishes;
  const found = await load([chosen]);
  if (mine !== wishes) return; // another one was chosen meanwhile
  spoken = found;
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
  if (root === document) document.documentElement.lang = spoken.told.tag;
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

/** @param {string} text
 * @param {Record<string, string | number>} values */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => String(values[name]));
}

/** What the page begins with: nothing on it works before, so a server that is just starting again is asked until it answers.
 * @returns {Promise<Spoken>} */
async function first() {
  for (;;) {
    try {
      return await load([kept(), ...navigator.languages ?? [navigator.language]]);
    } catch {
      await new Promise((waited) => setTimeout(waited, AGAIN_MS));
    }
  }
}

/** The words of the first of these that there are words in, else English.
 * @param {(string | null)[]} preferred
 * @returns {Promise<Spoken>} */
async function load(preferred) {
  const query = new URLSearchParams({ prefer: preferred.filter(Boolean).join(",") });
  const response = await fetch(`words?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`no words: ${response.status}`);
  /** @type {PageWords} */
  const told = await response.json();
  const sentences = told.sentences.map(([pattern, words]) => /** @type {[RegExp, string]} */ ([new RegExp(pattern, "g"), words]));
  return { told, plurals: new Intl.PluralRules(told.tag), sentences };
}

/** The reader's choice of another visit.
 * @returns {string | null} */
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
