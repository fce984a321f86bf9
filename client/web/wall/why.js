// Why an event was told, in sentences. Pure: event and the watch's setting in, words out.
// @ts-check

import { age, clock, seconds } from "../format.js";
import { served, t } from "../words/tongue.js";

/** [[what, value]…] of an event; `watch` is its WatchInfo, or undefined where there is none any more.
 * @param {WatchEvent} event
 * @param {WatchInfo | undefined} watch */
export function why(event, watch) {
  const facts = [];
  const { kind, probability, frame_at: frameAt, at, window, before, reason } = event;
  if (reason) facts.push([t("why.reason"), served(reason)]);
  if (event.before_answer) facts.push([t("why.before"), event.before_answer]);
  if (probability !== null && (kind === "on" || kind === "off")) facts.push([t("why.probability"), crossed(kind, probability, watch)]);
  if (before.length && (kind === "on" || kind === "off")) facts.push([t("why.held"), held(kind, before, watch)]);
  if (window) facts.push([t("why.window"), t("why.window_told", { n: window.frames, from: clock(Date.parse(window.start)), to: clock(Date.parse(window.end)), span: seconds(Date.parse(window.end) - Date.parse(window.start)) })]);
  if (frameAt && kind !== "camera_lost") facts.push([t("why.decided"), t("why.decided_told", { time: clock(Date.parse(at)), age: age(Math.max(0, Date.parse(at) - Date.parse(frameAt))) })]);
  if (watch) facts.push([t("why.asked"), t("why.asked_told", { every: seconds(watch.every_s * 1000) })]);
  if (watch?.quiet.length) facts.push([t("why.quiet"), `${watch.quiet.join(", ")} (${watch.time_zone})`]);
  if (event.watch && !watch) facts.push([t("why.watch"), t("why.watch_gone")]);
  return facts;
}

/**
 * @param {"on" | "off"} kind
 * @param {number} probability
 * @param {WatchInfo | undefined} watch
 */
function crossed(kind, probability, watch) {
  const n = probability.toFixed(2);
  if (!watch) return n;
  return kind === "on" ? t("why.above", { n, threshold: watch.on.toFixed(2) }) : t("why.below", { n, threshold: watch.off.toFixed(2) });
}

/** How long it had been beyond the threshold by then, as far as the readings go back.
 * @param {"on" | "off"} kind
 * @param {Reading[]} before
 * @param {WatchInfo | undefined} watch */
function held(kind, before, watch) {
  if (!watch) return "–";
  /** @param {Reading} reading */
  const beyond = ({ probability }) => (kind === "on" ? probability >= watch.on : probability <= watch.off);
  let first = before.length;
  while (first > 0 && beyond(before[first - 1])) first -= 1;
  if (first === before.length) return t("why.held_otherwise"); // the thresholds were others then
  const from = Date.parse(before[first].at);
  const to = Date.parse(before[before.length - 1].at);
  return t("why.held_told", { time: seconds(to - from), from: clock(from), to: clock(to), needed: seconds(watch.for_s * 1000) });
}
