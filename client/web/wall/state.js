// The state of the page *Wall*, and what is read off it. Pure.
// @ts-check

import { SHARED } from "../state.js";

export const MOST_EVENTS = 400; // in the list; the oldest go, and are had again by "older"
export const OLD_MS = 6000; // a picture that is older than this is not called live
export const LIKELY = 0.5; // from here on a camera is said to show what was asked for, as the server has it
const BRIEF = 120; // characters that are read out of an answer
export const ALERT_MS = 15_000; // an event counts as happening now

/** @type {WallState} */
export const WALL = {
  ...SHARED,
  role: null, // "admin" | "watcher" | "viewer"; null: not known yet
  watches: null, // [WatchInfo]; null: not known yet
  feed: "loading", // loading | ready | failed: the list of events
  feedWhy: "", // why it failed
  events: [], // newest first
  older: false, // there are older ones
  fresh: [], // events that came while somebody looked at the list: they wait to be let in
  stream: "closed", // closed | opening | open | broken
  streamRetryAt: null, // ms since epoch: when a broken one is tried again
  missed: null, // {first_missed, last_missed}: events that the server no longer has
  filters: { unreviewed: true, severity: "", watch: "", camera: "" },
  picked: [], // ids of events that R and U are about
  undo: null, // {ids, acknowledged} or {judged, verdict, before}: the last thing that was said about events
  asked: null, // {id, question, running, answers: {camera: {phase: waiting|done|refused, text, saw, problem, probability}}, merged, shown}
  tab: "events", // events | timeline
  search: { phase: "idle", entries: [], more: false, why: "", wanted: null }, // idle | busy | done | off | failed
};

/** Of "Which camera shows …?": the cameras that do, the likeliest first.
 * @param {{ camera: string, probability: number | null }[]} answers
 * @returns {Likely[]} */
export function shownBy(answers) {
  const likely = answers.flatMap(({ camera, probability }) => (probability !== null && probability >= LIKELY ? [{ camera, probability }] : []));
  return likely.sort((a, b) => b.probability - a.probability);
}

/** The cameras that could not answer.
 * @param {Record<string, WallAnswer>} answers */
export function unsaid(answers) {
  return Object.entries(answers).flatMap(([camera, { phase }]) => (phase === "refused" ? [camera] : []));
}

/** The beginning of an answer, to be read out.
 * @param {string} text */
export function brief(text) {
  const letters = [...text.replace(/\s+/g, " ").trim()];
  return letters.length <= BRIEF ? letters.join("") : `${letters.slice(0, BRIEF).join("")}…`;
}

/** Whether an event belongs into the list.
 * @param {WatchEvent} event
 * @param {Filters} filters */
export function matches(event, { unreviewed, severity, watch, camera }) {
  return !(unreviewed && event.acknowledged_at) && (!severity || event.severity === severity) && (!watch || event.watch === watch)
    && (!camera || event.camera === camera);
}

/** Whether `a` stands before `b`, as a sort has it: the newest first, by when they were decided; ids of several servers tell no order.
 * @param {WatchEvent} a
 * @param {WatchEvent} b */
export function newestFirst(a, b) {
  return Date.parse(b.at) - Date.parse(a.at) || b.id - a.id;
}

/** `events` and `others` in one list, newest first, each once; the later word counts.
 * @param {WatchEvent[]} events
 * @param {WatchEvent[]} others */
export function joined(events, others) {
  const known = new Map(events.map((event) => [event.id, event]));
  for (const event of others) known.set(event.id, event);
  return [...known.values()].sort(newestFirst);
}

/** [{watch: WatchInfo, now: WatchNow}] of one camera, those that are on first.
 * @param {WallState} state
 * @param {string} camera */
export function watchesOf({ watches }, camera) {
  const found = (watches ?? []).flatMap((watch) => watch.now.filter((now) => now.camera === camera).map((now) => ({ watch, now })));
  return found.sort((a, b) => Number(isOn(b.now)) - Number(isOn(a.now)) || a.watch.name.localeCompare(b.watch.name));
}

/** @param {WatchNow} now */
export function isOn({ state }) {
  return state === "on" || state === "falling";
}

/** "yes", "no" (also: a text that stays as it is), "unsure" or "unknown": how a watch stands.
 * @param {WatchNow} now */
export function standing({ state, trouble, probability }) {
  if (state === "unknown" || (trouble && probability === null && state !== "settled")) return "unknown";
  if (state === "rising" || state === "falling" || state === "changing") return "unsure";
  return state === "on" ? "yes" : "no";
}

const GRAVITY = ["info", "warning", "critical"];

/** The gravest severity of what is on at a camera now; null when nothing is.
 * @param {WallState} state
 * @param {string} camera */
export function alertOf(state, camera) {
  const grave = watchesOf(state, camera).filter(({ now }) => isOn(now)).map(({ watch }) => GRAVITY.indexOf(watch.severity));
  return grave.length ? GRAVITY[Math.max(...grave)] : null;
}

/** Whether something happens at a camera just now, so that its picture should move.
 * @param {WallState} state
 * @param {string} camera
 * @param {number} nowMs */
export function isBusy(state, camera, nowMs) {
  if (watchesOf(state, camera).some(({ now }) => now.state === "rising" || now.state === "falling")) return true;
  return [...state.fresh, ...state.events.slice(0, 20)].some((event) => event.camera === camera && nowMs - Date.parse(event.at) < ALERT_MS);
}

/** What a tile says of its picture: {tone: live|old|wait|off, key, age?, retry?}. `age` is of the picture shown, null without one.
 * @param {SharedState} state
 * @param {CameraInfo} camera
 * @param {number | null} age
 * @returns {TileSaid} */
export function tileSaid({ server }, { state, retry_in_ms: retry }, age) {
  if (server !== "ready") return age === null ? { tone: "wait", key: "wall.unknown" } : { tone: "off", key: "wall.last_seen", age };
  switch (state) {
    case "live":
      if (age === null) return { tone: "wait", key: "wall.first" };
      return age < OLD_MS ? { tone: "live", key: "wall.live", age } : { tone: "old", key: "wall.still", age };
    case "connecting":
      return { tone: "wait", key: "wall.connecting" };
    case "stalled":
      return age === null ? { tone: "old", key: "wall.stalled" } : { tone: "old", key: "wall.stalled_age", age };
    case "lost":
      return retry === null || retry === undefined ? { tone: "off", key: "wall.offline" } : { tone: "off", key: "wall.offline_retry", retry };
  }
  return { tone: "off", key: "wall.ended" };
}
