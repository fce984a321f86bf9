// What a product desk sees, as one product for one card. Pure: DeskInfo in, products out.
// @ts-check

export const SEEN_MS = 3000; // a code read longer ago is not before the camera any more
const NOW_MS = 1500; // and one read longer ago has perhaps just been put down

const GOODS = /^(EAN|UPC|GS1|ITF)/; // formats that hold the number of goods

/**
 * The product before the camera, or null: {code, format, reads, seenAt, corners, known, …}. `known` is "found" with name,
 * names, price, currency, stock, days, sku; "missing" when the catalogue lacks it; "unasked" where nothing looks codes up.
 * @returns {Product | null}
 * @param {DeskInfo} info
 */
export function productOf(info) {
  const facts = new Map(info.facts.filter(({ source }) => source === "looked_up").map(({ values }) => [values.barcode, values]));
  const goods = since(info, SEEN_MS).filter(({ code, format, verified }) => verified && (facts.has(code) || GOODS.test(format)));
  if (goods.length === 0) return null;
  const { code, format, reads, last_seen: seenAt, corners } = goods[0];
  const read = { code, format, reads, seenAt, corners, width: info.width, height: info.height };
  const values = facts.get(code);
  if (!values) return info.catalogue ? null : { ...read, known: "unasked" }; // it is being looked up
  if (values.error) return { ...read, known: "missing" };
  const { name, names = {}, price = null, currency = "", stock = null, delivery_days: days = null, sku = null } = values;
  return { ...read, known: "found", name, names, price, currency, stock, days, sku };
}

/** Whether several products are before the camera.
 * @param {DeskInfo} info */
export function several(info) {
  const shown = since(info, NOW_MS).filter(({ format, verified }) => verified && GOODS.test(format));
  return new Set(shown.map(({ code }) => code)).size > 1;
}

/** Whether a code is in sight that is not sure yet.
 * @param {DeskInfo} info */
export function unsure(info) {
  return since(info, NOW_MS).some(({ verified }) => !verified);
}

/**
 * @param {DeskInfo} info
 * @param {number} ms
 */
function since(info, ms) {
  return info.codes.filter(({ age_ms: old }) => old < ms);
}

/** Its name in `language`; what it is called without one.
 * @param {Product} product
 * @param {string} language */
export function nameOf({ known, name, names, code }, language) {
  if (known !== "found") return code;
  const other = Object.entries(names ?? {}).find(([tag]) => tag.split("-")[0] === language);
  return other ? other[1] : name ?? code;
}

/** Its price as the catalogue has it: "2.49 EUR"; "" where it has none.
 * @param {Product} product */
export function priceOf({ price, currency }) {
  return price ? `${price} ${currency}`.trim() : "";
}

/** What all items cost together, or "" where one has no price or another currency.
 * @param {Item[]} items */
export function totalOf(items) {
  const currencies = new Set(items.map(({ currency }) => currency));
  if (items.length === 0 || currencies.size > 1 || items.some(({ price }) => !Number.isFinite(Number(price || NaN)))) return "";
  const sum = items.reduce((total, { price, count }) => total + Math.round(Number(price) * 100) * count, 0);
  return `${(sum / 100).toFixed(2)} ${[...currencies][0]}`.trim();
}
