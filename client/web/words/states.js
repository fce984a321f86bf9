// Everything the page says about its states, each with what to do. Pure: state in, words out.
// @ts-check

import { clock, seconds } from "../format.js";
import { MINE, chosenCamera } from "../state.js";
import { served, t } from "./tongue.js";

const STATES = new Set(["live", "connecting", "stalled", "lost", "ended"]);

/** A camera's state in a word; null for one that is not known here.
 * @param {string} state */
export function stateWord(state) {
  return STATES.has(state) ? t(`state.${state}`) : null;
}

/** What lies over the picture: {tone: wait|warn|bad, title, text, share?, actions}, or null when the picture is live.
 * @param {AskState} state
 * @returns {Notice | null} */
export function stageNotice(state) {
  switch (state.server) {
    case "unknown":
      return { tone: "wait", title: t("stage.unknown"), text: "", actions: [] };
    case "locked":
      return { tone: "warn", title: t("stage.locked"), text: t("stage.locked_text"),
        actions: [{ label: t("stage.enter_token"), act: "login" }] };
    case "loading":
      return loadingNotice(state.loading);
    case "gone":
      return { tone: "bad", title: t("stage.gone"), text: t("stage.gone_text", { time: clock(state.serverSince) }), actions: [] };
  }
  if (state.chosen === MINE) return mineNotice(state);
  if (state.chosen === null) return noCamera();
  const camera = chosenCamera(state);
  if (!camera) return { tone: "bad", title: t("stage.removed", { name: state.chosen }), text: t("stage.removed_text"), actions: [] };
  return cameraNotice(camera) ?? (state.pictureFailed ? pictureFailed() : null);
}

/** @returns {Notice} */
function pictureFailed() {
  return { tone: "warn", title: t("stage.no_picture"), text: t("stage.no_picture_text"), actions: [] };
}

/**
 * @param {Loading | null} loading
 * @returns {Notice}
 */
function loadingNotice(loading) {
  if (loading?.failed) {
    return { tone: "bad", title: t("stage.no_model"), text: t("stage.no_model_text", { what: loading.what }), actions: [] };
  }
  return { tone: "wait", title: t("stage.loading"), share: loading?.share ?? 0,
    text: t("stage.loading_text", { what: loading?.what ?? t("stage.starting") }), actions: [] };
}

/**
 * @param {AskState} state
 * @returns {Notice | null}
 */
function mineNotice({ mine, line, lineProblem, cameras }) {
  const back = cameras.length ? [{ label: t("stage.back"), act: "back" }] : [];
  const retry = { label: t("stage.retry"), act: "mine" };
  switch (mine.phase) {
    case "asking":
      return { tone: "wait", title: t("stage.permission"), text: t("stage.permission_text"), actions: back };
    case "failed":
      return { tone: "bad", title: t(`mine.${mine.reason}`), text: t(`mine.${mine.reason}_text`),
        actions: [...mine.reason === "insecure" ? [] : [retry], ...back] };
    case "live":
      if (lineProblem) return { tone: "bad", title: t("stage.not_taken"), text: t("stage.not_taken_text", { why: problemText(lineProblem) }),
        actions: [retry, ...back] };
      if (mine.state === "stalled" || mine.state === "lost") {
        return { tone: "warn", title: t("stage.not_arriving"), text: t("stage.not_arriving_text"), actions: [] };
      }
      if (line !== "open") return { tone: "wait", title: t("stage.connecting_mine"), text: "", actions: [], light: true };
  }
  return null;
}

/** @returns {Notice} */
function noCamera() {
  return { tone: "warn", title: t("stage.no_camera"), text: t("stage.no_camera_text"),
    command: "askcam serve --camera lobby=rtsp://…", actions: [{ label: t("chip.use_mine"), act: "mine" }] };
}

/**
 * @param {CameraInfo} camera
 * @returns {Notice | null}
 */
function cameraNotice({ name, state, reason }) {
  const why = sentence(served(reason ?? ""));
  switch (state) {
    case "connecting":
      return { tone: "wait", title: t("stage.connecting", { name }), text: reason === "connecting" ? "" : why, actions: [] };
    case "stalled":
      return { tone: "warn", title: t("stage.stalled", { name }), text: t("stage.stalled_text", { why }).trim(), actions: [] };
    case "lost":
      return { tone: "bad", title: t("stage.lost", { name }), text: why || t("stage.lost_text"), actions: [] };
    case "ended":
      return { tone: "warn", title: t("stage.ended", { name }), text: why || t("stage.ended_text"), actions: [] };
  }
  return null;
}

/** The bar across the page: {tone, text, action?} or null.
 * @param {SharedState} state
 * @param {number} now */
export function bannerNotice(state, now) {
  if (state.server === "gone") {
    const when = state.retryAt !== null && state.retryAt > now ? t("banner.next_try", { wait: seconds(state.retryAt - now) }) : t("banner.trying");
    const what = state.refusal ? sentence(served(state.refusal)) : t("banner.gone");
    return { tone: "bad", text: t("banner.goes_on", { what, when }), action: { label: t("banner.try_now"), act: "retry" } };
  }
  if (state.server !== "ready" || state.chosen === MINE || state.chosen === null) return null;
  if (state.lineProblem) return { tone: "bad", text: problemText(state.lineProblem), action: { label: t("stage.retry"), act: "retry" } };
  return null;
}

const KNOWN = new Set(["busy", "rate_limit_exceeded", "camera_unavailable", "stale_camera", "picture_unusable", "too_slow", "real_scene", "model_loading", "model_unreachable", "model_not_found",
  "offline", "slow", "no_camera", "engine_failure", "internal_error"]);
const PASSING = new Set(["busy", "model_loading", "model_unreachable", "rate_limit_exceeded", "slow", "no_camera"]); // nothing is broken

/** A refused question: {tone, title, text, advice}.
 * @param {Problem} problem */
export function problemWords(problem) {
  const { code } = problem;
  const known = code && KNOWN.has(code) ? code : "other";
  return { tone: PASSING.has(code ?? "") ? "warn" : "bad", title: t(`problem.${known}`), text: problemText(problem), advice: t(`problem.${known}_advice`) };
}

/** The page's own words (`words`, a key) and the server's (`message`), in the page's language as far as they are known.
 * @param {Problem} problem */
function problemText({ words, message }) {
  return sentence(words ? t(words) : served(message ?? ""));
}

const HEALTH = new Set(["dark", "overexposed", "blurred", "frozen"]);

/** [{flag, title, text}] of a camera's health flags.
 * @param {string[]} flags */
export function healthWords(flags) {
  return flags.map((flag) => HEALTH.has(flag)
    ? { flag, title: t(`health.${flag}`), text: t(`health.${flag}_text`) }
    : { flag, title: flag, text: t("health.other_text") });
}

/** What low power takes away, of a camera or an answer; "" in full power.
 * @param {{ power: "full" | "low", fewer_pixels: boolean } | null | undefined} mode */
export function powerWords(mode) {
  if (mode?.power !== "low") return "";
  return t(mode.fewer_pixels ? "power.low_fewer" : "power.low");
}

/** What a model does not know, but not what to do about it.
 * @param {string} note */
export function briefNote(note) {
  return served(note).split(/[;；]/)[0];
}

/** How an answer ended, when it did not simply end: shown beside its text.
 * @param {Answer} answer */
export function endingWords({ phase, text }) {
  switch (phase) {
    case "stopping":
      return t("card.stopping");
    case "stopped":
      return t(text ? "card.stopped" : "card.stopped_early");
    case "broken":
      return t("card.broken");
    case "incomplete":
      return t("card.incomplete");
  }
  return "";
}

/** Questions to begin with; the last is in the other language, since answers follow it.
 * @param {SharedState} state */
export function suggestions(state) {
  const second = state.chosen === MINE ? t("suggest.holding") : t("suggest.moving");
  return [t("suggest.see"), second, t("suggest.other_language")];
}

/** [key, the name of what it does].
 * @type {Keys} */
export const KEYS = [
  ["Enter", "key.ask"],
  ["Shift + Enter", "key.line"],
  ["Esc", "key.stop"],
  ["/", "key.box"],
  ["1 … 9", "key.camera"],
  ["R", "key.again"],
  ["W", "key.watch"],
  ["N", "key.anew"],
  ["?", "key.help"],
];

/** With a capital and a full stop, as whoever wrote it may not have cared.
 * @param {string} text */
function sentence(text) {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const full = /[\u4e00-\u9fff]$/.test(trimmed) ? "。" : ".";
  const ended = /[.!?…。！？]$/.test(trimmed) ? trimmed : `${trimmed}${full}`;
  return /^[a-z]+[\s,]/.test(ended) ? ended[0].toUpperCase() + ended.slice(1) : ended; // an address stays as it is
}
