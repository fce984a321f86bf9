// Everything the page says about its states, each with what to do. Pure: state in, words out.

import { clock, seconds } from "./format.js";
import { MINE, chosenCamera } from "./state.js";

export const STATE_WORDS = { live: "live", connecting: "connecting", stalled: "stalled", lost: "lost", ended: "ended" };

const SECURE = "Browsers give the camera only to https pages and to this computer itself. Start the server with " +
  "--tls-cert and --tls-key and open its https address.";

const REFUSALS = {
  insecure: ["Your camera needs https", SECURE],
  denied: [
    "The browser did not give the camera",
    "Allow the camera for this page: in the address bar, or in the system's privacy settings. Then try again.",
  ],
  none: ["No camera found", "Plug one in or switch it on, then try again."],
  busy: ["Your camera is in use", "Another program holds it. Close that program, then try again."],
  failed: ["Your camera could not be opened", "Try again; if it stays so, reload the page."],
  ended: ["Your camera went away", "It was unplugged or another program took it. Plug it in, then try again."],
};

const BACK = { label: "Back to the server's camera", act: "back" };

/** What lies over the picture: {tone: wait|warn|bad, title, text, share?, actions}, or null when the picture is live. */
export function stageNotice(state) {
  switch (state.server) {
    case "unknown":
      return { tone: "wait", title: "Connecting to the server", text: "", actions: [] };
    case "locked":
      return { tone: "warn", title: "This server asks for a token", text: "Whoever started it has it.",
        actions: [{ label: "Enter the token", act: "login" }] };
    case "loading":
      return loadingNotice(state.loading);
    case "gone":
      return { tone: "bad", title: "Not live", text: `The server has not answered since ${clock(state.serverSince)}.`,
        actions: [] };
  }
  if (state.chosen === MINE) return mineNotice(state);
  if (state.chosen === null) return noCamera();
  const camera = chosenCamera(state);
  if (!camera) return { tone: "bad", title: `${state.chosen} is gone`, text: "It was removed from the server. Choose another camera.", actions: [] };
  return cameraNotice(camera) ?? (state.pictureFailed ? PICTURE_FAILED : null);
}

const PICTURE_FAILED = { tone: "warn", title: "The live picture does not come",
  text: "The server may have too many viewers. Questions are answered all the same; the picture is tried again.", actions: [] };

function loadingNotice(loading) {
  if (loading?.failed) {
    return { tone: "bad", title: "The model could not be loaded", text: `${loading.what} The server's log says more.`, actions: [] };
  }
  return { tone: "wait", title: "Loading the model", share: loading?.share ?? 0,
    text: `${loading?.what ?? "starting"}. You can write your question already.`, actions: [] };
}

function mineNotice({ mine, line, lineProblem, cameras }) {
  const back = cameras.length ? [BACK] : [];
  switch (mine.phase) {
    case "asking":
      return { tone: "wait", title: "Waiting for your permission",
        text: "Your browser asks whether this page may use the camera: allow it. Pictures go to this server only.", actions: back };
    case "failed": {
      const [title, text] = REFUSALS[mine.reason];
      const retry = mine.reason === "insecure" ? [] : [{ label: "Try again", act: "mine" }];
      return { tone: "bad", title, text, actions: [...retry, ...back] };
    }
    case "live":
      if (lineProblem) return { tone: "bad", title: "The server does not take your camera", text: `${sentence(lineProblem.message)} The picture you see stays here.`,
        actions: [{ label: "Try again", act: "mine" }, ...back] };
      if (mine.state === "stalled" || mine.state === "lost") {
        return { tone: "warn", title: "Your pictures do not arrive", text: "The connection to the server may be slow. It goes on by itself.", actions: [] };
      }
      if (line !== "open") return { tone: "wait", title: "Connecting your camera", text: "", actions: [], light: true };
  }
  return null;
}

function noCamera() {
  return { tone: "warn", title: "No camera yet",
    text: "Use your own, or start the server with one:", command: "askcam serve --camera lobby=rtsp://…", actions: [{ label: "Use my camera", act: "mine" }] };
}

function cameraNotice(camera) {
  const why = sentence(camera.reason ?? "");
  switch (camera.state) {
    case "connecting":
      return { tone: "wait", title: `Connecting to ${camera.name}`, text: why === "connecting." ? "" : why, actions: [] };
    case "stalled":
      return { tone: "warn", title: `${camera.name} is stalled`,
        text: `${why} What you see is old, so questions are refused. It goes on by itself when pictures come again.`.trim(), actions: [] };
    case "lost":
      return { tone: "bad", title: `${camera.name} is lost`,
        text: why || "Check its power, network and address. It is tried again by itself.", actions: [] };
    case "ended":
      return { tone: "warn", title: `${camera.name} has ended`,
        text: why || "No more pictures come from it.", actions: [] };
  }
  return null;
}

/** The bar across the page: {tone, text, action?} or null. */
export function bannerNotice(state, now) {
  if (state.server === "gone") {
    const when = state.retryAt > now ? `Next try in ${seconds(state.retryAt - now)}.` : "Trying now.";
    const what = state.refusal ? sentence(state.refusal) : "The server does not answer. Is askcam still running?";
    return { tone: "bad", text: `${what} This page goes on by itself. ${when}`,
      action: { label: "Try now", act: "retry" } };
  }
  if (state.server !== "ready" || state.chosen === MINE || state.chosen === null) return null;
  if (state.lineProblem) return { tone: "bad", text: sentence(state.lineProblem.message), action: { label: "Try again", act: "retry" } };
  return null;
}

const ADVICE = {
  busy: "Many questions are waiting just now. Try again in a few seconds.",
  camera_unavailable: "Nothing is answered from old pictures. Try again when the camera is live, or choose another one.",
  stale_camera: "Nothing is answered from old pictures. Try again when newer ones have come.",
  model_loading: "Try again when the model is ready.",
  model_not_found: "Choose another camera.",
  offline: "Your question is kept: ask it again when the connection is back.",
  slow: "Your question is kept: try again when the camera is live.",
  no_camera: "Choose a camera first, or use your own.",
  rate_limit_exceeded: "Wait a moment, then try again.",
  engine_failure: "Try again; the server's log has the cause.",
  internal_error: "Try again; the server's log has the cause.",
};

const TITLES = {
  busy: "The server is busy",
  rate_limit_exceeded: "Too many questions",
  camera_unavailable: "The camera is not live",
  stale_camera: "The picture is too old",
  model_loading: "The model is not ready",
  model_not_found: "No such camera",
  offline: "No connection to the server",
  slow: "The camera is not live yet",
  no_camera: "No camera chosen",
};

const PASSING = new Set(["busy", "model_loading", "rate_limit_exceeded", "slow", "no_camera"]); // nothing is broken

/** A refused question: {tone, title, text, advice}. */
export function problemWords({ code, message }) {
  return { tone: PASSING.has(code) ? "warn" : "bad", title: TITLES[code] ?? "Not answered", text: sentence(message ?? ""), advice: ADVICE[code] ?? "Change the question or try again." };
}

const HEALTH = {
  dark: ["Too dark", "More light helps: answers may be wrong."],
  overexposed: ["Too bright", "Less light or another angle helps: answers may be wrong."],
  blurred: ["Blurred", "Clean or focus the lens: answers may be wrong."],
  frozen: ["Frozen picture", "The camera sends the same picture again and again: answers may be old."],
};

/** [{flag, title, text}] of a camera's health flags. */
export function healthWords(flags) {
  return flags.map((flag) => {
    const [title, text] = HEALTH[flag] ?? [flag, "Answers may be wrong."];
    return { flag, title, text };
  });
}

/** How an answer ended, when it did not simply end: shown beside its text. */
export const ENDINGS = {
  stopped: "Stopped",
  broken: "Broken off: the connection was lost",
  incomplete: "Cut off: the longest allowed answer was reached",
};

/** Questions to begin with. */
export function suggestions(state) {
  return state.chosen === MINE
    ? ["What do you see?", "What am I holding?", "你看到了什么？"]
    : ["What do you see?", "Is anything moving?", "你看到了什么？"];
}

export const KEYS = [
  ["Enter", "ask"],
  ["Shift + Enter", "new line"],
  ["Esc", "stop the answer; leave the box"],
  ["/", "to the question"],
  ["1 … 9", "choose a camera (in the box: Alt + 1 … 9)"],
  ["R", "ask the last question again"],
  ["N", "new conversation"],
  ["?", "this help"],
];

/** With a capital and a full stop, as whoever wrote it may not have cared. */
function sentence(text) {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const ended = /[.!?…。！？]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return /^[a-z]+[\s,]/.test(ended) ? ended[0].toUpperCase() + ended.slice(1) : ended; // an address stays as it is
}
