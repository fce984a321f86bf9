// What every page has around its `main`: the header with pages, pill, language, theme and help; the banner of a lost
// server; the token; what is read out. Built once, here, so that no page has a copy.
// @ts-check

import { byId, h, icon } from "./dom.js";
import { help } from "./views/help.js";
import { banner, login } from "./views/notices.js";
import { languageChoice } from "./views/languages.js";
import { pill } from "./views/pill.js";
import { t, translate } from "./words/tongue.js";

const SVG = "http://www.w3.org/2000/svg";
/** @type {[Page, string, Words][]} */
const PAGES = [["ask", "./", "page.ask"], ["desk", "desk", "page.desk"], ["wall", "wall", "page.wall"]]; // name, address, its words
const HELP = ["M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0", "M9.6 9.7a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8", "M12 16.6v.1"];

/**
 * Builds it around the page's `main` and keeps it true to the store, which is one of `SHARED` (state.js) and more.
 * `page` is "ask", "desk" or "wall"; `skip` {to, words} the id that the first link leads to, and its words; `help`
 * {title, text, keys} names words, too;
 * `retry` tries the server again at once, `login(token)` throws ApiProblem when the token is refused.
 * Returns what notices may offer to do: {login, retry}.
 * @param {Store<SharedState>} store
 * @param {{ page: Page, skip: { to: string, words: Words }, help: Help, retry: () => void, login: (token: string) => Promise<void> }} options
 */
export function shell(store, { page, skip, help: told, retry, login: enter }) {
  const top = /** @type {HTMLElement} */ (document.querySelector("header.top"));
  top.before(h("a", { class: "skip", href: `#${skip.to}`, t: skip.words }));
  top.append(brand(), pages(page), h("span", { id: "pill", class: "pill" }), tools());
  top.after(h("div", { id: "banner", class: "banner", role: "alert", hidden: true }));
  document.body.append(
    h("div", { id: "announcer", class: "hidden", role: "status", "aria-live": "polite" }),
    h("dialog", { id: "help", class: "dialog", "aria-labelledby": "help-title" }),
    h("dialog", { id: "login", class: "dialog", "aria-labelledby": "login-title" }));
  translate(document);
  name(page);

  const actions = { retry, login: login(store, enter).open };
  pill(store);
  banner(store, actions);
  help(told);
  byId("theme").before(languageChoice(() => {
    name(page);
    store.set({}); // whoever shows words says them anew
  }));
  byId("theme").addEventListener("click", switchTheme);
  return actions;
}

/** What the browser's tab says.
 * @param {Page} page */
function name(page) {
  document.title = page === "ask" ? "askcam" : `${t(`page.${page}`)} · askcam`;
}

function brand() {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 32 32");
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(
    shape("rect", { class: "brand-back", width: 32, height: 32, rx: 8 }),
    shape("circle", { class: "brand-line", cx: 16, cy: 15, r: 8 }),
    shape("circle", { class: "brand-dot", cx: 16, cy: 15, r: 2.6 }),
    shape("path", { class: "brand-line", d: "M20 21l5 5" }));
  return h("div", { class: "brand" }, drawing, h("span", {}, "askcam"));
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** @param {Page} present */
function pages(present) {
  return h("nav", { class: "pages", tLabel: "page.pages" }, PAGES.map(([name, href, words]) =>
    h("a", { href, t: words, "aria-current": name === present ? "page" : null })));
}

function tools() {
  const theme = icon("M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0");
  theme.append(shape("path", { class: "fill", d: "M12 3.5a8.5 8.5 0 0 1 0 17z" }));
  return h("div", { class: "tools" },
    h("button", { id: "theme", class: "icon", type: "button", tLabel: "page.theme", tTitle: "page.theme_short" }, theme),
    h("button", { id: "help-open", class: "icon", type: "button", tLabel: "page.help", tTitle: "page.help_key" }, icon(...HELP)));
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("askcam.theme", root.dataset.theme);
}
