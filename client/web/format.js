// Numbers and times as people read them, in the page's language. Pure.
// @ts-check

import { dates, t } from "./words/tongue.js";

/** 0.4 s, 12 s, 3 min
 * @param {number} ms */
export function seconds(ms) {
  if (ms < 9950) return t("unit.s", { n: (ms / 1000).toFixed(1) });
  if (ms < 99500) return t("unit.s", { n: Math.round(ms / 1000) });
  return t("unit.min", { n: Math.round(ms / 60000) });
}

/** 120 ms, 1.4 s: ages are small or alarming.
 * @param {number} ms */
export function age(ms) {
  return ms < 950 ? t("unit.ms", { n: Math.max(10, Math.round(ms / 10) * 10) }) : seconds(ms);
}

/** 14:03:07 in the reader's own time zone.
 * @param {number | string} ms */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** 14:03:07.3: pictures are closer together than a second.
 * @param {number | string} ms */
export function tenths(ms) {
  return `${clock(ms)}.${Math.floor((new Date(ms).getTime() % 1000) / 100)}`;
}

/** 14:03:07 of today (14:03 when `brief`), else 15 Jan 14:03: when something was.
 * @param {number} ms */
export function moment(ms, brief = false) {
  const then = new Date(ms);
  if (then.toDateString() === new Date().toDateString()) return brief ? clock(ms).slice(0, 5) : clock(ms);
  return then.toLocaleString(dates(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
}

/** The last part of a hub id or folder: what people call the model.
 * @param {string} id */
export function shortModel(id) {
  return id.replace(/\/+$/, "").split("/").pop() || id;
}

/** 97 %, of a probability or another share of 1.
 * @param {number} share */
export function percent(share) {
  return t("unit.percent", { n: Math.round(share * 100) });
}

/** "dark, blurred"
 * @param {string[]} words */
export function list(words) {
  return words.join(", ");
}
