// The products of this visit: accepting, taking back, and the list as a table. Pure, but for what keeps them over a reload.
// @ts-check

import { priceOf } from "./product.js";

export const MOST = 20; // items, and changes that can be taken back; the oldest go

const KEPT = "askcam.desk.items"; // of this tab: gone when it is closed

/** `items` with one more of `product`.
 * @param {Item[]} items
 * @param {Held} product */
export function accepted(items, product) {
  const known = items.find(({ code }) => code === product.code);
  const count = (known?.count ?? 0) + 1;
  return [...items.filter((each) => each !== known), { ...product, count }].slice(-MOST);
}

/** The state after a change of the list that can be taken back.
 * @param {DeskState} state
 * @param {Item[]} next */
export function changed({ items, past }, next) {
  return { items: next, past: [...past, items].slice(-MOST) };
}

/** As comma-separated values that spreadsheets open: one line for each item, CRLF between them.
 * @param {Item[]} items */
export function table(items) {
  const head = ["barcode", "name", "price", "currency", "count", "seen_at"];
  const rows = items.map(({ code, name, price, currency, count, at }) =>
    [code, name ?? "", price ?? "", price ? currency : "", count, new Date(at).toISOString()]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** A catalogue's words must not become a formula in somebody's spreadsheet.
 * @param {string | number | undefined} value */
function cell(value) {
  const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What the tab has kept. */
export function kept() {
  try {
    const items = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(items) ? items.filter(({ code, count }) => typeof code === "string" && count > 0).slice(-MOST) : [];
  } catch {
    return [];
  }
}

/** Keep them in this tab, as far as the browser has room: without their pictures if need be.
 * @param {Item[]} items */
export function keep(items) {
  for (const each of [items, items.map((item) => ({ ...item, picture: null, label: null }))]) {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(each));
      return;
    } catch {
      // no room, or no storage at all: it lasts until the page is left
    }
  }
}

/** "Gala apple, 2.49 EUR", to be read out.
 * @param {Product} product
 * @param {string} name */
export function spoken(product, name) {
  return [name, priceOf(product)].filter(Boolean).join(", ");
}
