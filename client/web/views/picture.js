// The live picture, what lies over it when it is not live, and the line below it.
// @ts-check

import { liveUrl } from "../api.js";
import { byId, h, icon, setText, whenChanged } from "../dom.js";
import { age, seconds } from "../format.js";
import { MINE, chosenCamera } from "../state.js";
import { healthWords, stageNotice } from "../words/states.js";
import { t } from "../words/tongue.js";

const RETRY_MS = 3000; // of a live picture that was refused

/** `notice(state)`: what lies over the picture when it cannot be trusted. `mirrors`: the reader's own is shown as in a mirror.
 * @param {Store<AskState>} store
 * @param {Verbs} verbs
 * @param {Actions} actions
 * @param {{ notice?: (state: any) => Notice | null, mirrors?: boolean }} [options] */
export function picture(store, verbs, actions, { notice: noticeOf = stageNotice, mirrors = true } = {}) {
  const box = byId("picture");
  const video = verbs.own.video;
  video.className = "live";
  const veil = h("div", { class: "veil", role: "status" });
  const badges = h("div", { class: "badges" });
  box.append(video, badges, veil);
  video.addEventListener("resize", () => ratio(video.videoWidth, video.videoHeight));

  let source = ""; // the camera whose stream is open
  /** @type {HTMLImageElement | null} */
  let image = null; // its picture, or the last one of a stream that has ended
  /** @type {string | null} */
  let shown = null; // the camera that `image` shows
  /** @type {number | null} */
  let retry = null;

  /**
   * @param {number} width
   * @param {number} height
   */
  function ratio(width, height) {
    if (width && height) box.parentElement?.style.setProperty("--ratio", String(width / height));
  }

  /** @param {string} name */
  function show(name) {
    clearTimeout(retry);
    source = name;
    const incoming = h("img", { class: "live", alt: t("caption.live_of", { name }) }); // a fresh one: no other camera's picture lingers
    incoming.addEventListener("load", () => {
      if (source !== name) return;
      drop();
      image = incoming;
      shown = name;
      box.prepend(image);
      ratio(image.naturalWidth, image.naturalHeight);
      store.set({ pictureFailed: false });
    }, { once: true });
    incoming.addEventListener("error", () => {
      if (source !== name) return;
      source = "";
      store.set({ pictureFailed: true });
      retry = setTimeout(() => feed(store.get()), RETRY_MS);
    });
    incoming.src = liveUrl(name);
  }

  function drop() {
    image?.removeAttribute("src"); // ends its request
    image?.remove();
    image = null;
    shown = null;
  }

  /** A stream is opened when its camera turns live, and let go when nobody looks at it.
   * @param {AskState} state */
  function feed(state) {
    const camera = chosenCamera(state);
    const wanted = state.server === "ready" && camera?.state === "live" && !document.hidden ? camera.name : "";
    if (shown !== null && (shown !== state.chosen || document.hidden)) drop();
    if (wanted !== source) {
      if (wanted && !state.pictureFailed) show(wanted);
      else if (!wanted) source = "";
    }
    if (!wanted && state.pictureFailed) store.set({ pictureFailed: false });
    video.hidden = state.chosen !== MINE || state.mine.phase !== "live";
    video.classList.toggle("mirrored", mirrors && !state.mine.sample && state.mine.facing !== "environment");
    if (camera?.width && camera.height) ratio(camera.width, camera.height);
  }

  /** @param {AskState} state */
  function cover(state) {
    const notice = noticeOf(state);
    box.dataset.tone = notice?.tone ?? "live";
    box.classList.toggle("light-veil", Boolean(notice?.light));
    veil.hidden = !notice;
    veil.replaceChildren();
    if (!notice) return;
    const buttons = notice.actions.map(({ label, act }, index) =>
      h("button", { type: "button", class: index ? "quiet" : "primary", onclick: () => actions[act]() }, label));
    veil.append(h("div", { class: "veil-words" },
      notice.tone === "wait" ? h("div", { class: "spinner", "aria-hidden": "true" }) : icon("M12 4 2.8 20h18.4z", "M12 10v4.5", "M12 17.4v.1"),
      h("h2", {}, notice.title),
      notice.share === undefined ? null : h("progress", { max: 1, value: notice.share, "aria-label": notice.title }),
      notice.text ? h("p", {}, notice.text) : null,
      notice.command ? h("code", {}, notice.command) : null,
      buttons.length ? h("div", { class: "row" }, buttons) : null));
  }

  /** @param {AskState} state */
  function badge(state) {
    const flags = state.chosen === MINE ? state.mine.health : chosenCamera(state)?.health ?? [];
    badges.replaceChildren(...healthWords(noticeOf(state) ? [] : flags).map(({ flag, title, text }) =>
      h("span", { class: "badge", data: { flag }, title: text, role: "status" }, title, h("span", { class: "badge-more" }, text))));
  }

  const caption = byId("caption");
  const name = h("strong");
  const facts = h("span", { class: "facts" });
  const tools = h("span", { class: "row" });
  caption.append(h("div", { class: "caption-words" }, name, facts), tools);

  /** @param {AskState} state */
  function describe(state) {
    const camera = chosenCamera(state);
    const live = state.server === "ready";
    caption.dataset.power = camera?.power ?? "full";
    if (state.chosen === MINE) {
      const { phase, width, height, facing } = state.mine;
      setText(name, t(state.mine.sample ? "chip.sample" : "chip.mine"));
      const mirror = !mirrors || facing === "environment" ? "" : t("caption.mirrored");
      setText(facts, phase === "live" ? `${width} × ${height}${mirror}${t("caption.here_only")}` : "");
    } else {
      setText(name, camera?.name ?? "");
      if (image && shown !== null) image.alt = t("caption.live_of", { name: shown });
      setText(facts, camera && live ? factsOf(camera) : "");
    }
  }

  /** @type {Render<AskState>} */
  const toolbox = whenChanged(({ chosen, mine }) => [chosen === MINE && mine.phase === "live", mine.several], ({ chosen, mine }) => {
    tools.replaceChildren();
    if (chosen !== MINE || mine.phase !== "live") return;
    if (mine.several) tools.append(h("button", { type: "button", class: "quiet small", onclick: () => verbs.otherDevice() }, t("caption.other")));
    tools.append(h("button", { type: "button", class: "quiet small", onclick: () => verbs.back() }, t("caption.off")));
  });

  /** @type {Render<AskState>} */
  const covered = whenChanged(noticeOf, cover);
  /** @type {Render<AskState>} */
  const badged = whenChanged((state) => [state.chosen, state.mine.health, chosenCamera(state)?.health, Boolean(noticeOf(state))], badge);
  store.subscribe((state) => {
    feed(state);
    covered(state);
    badged(state);
    describe(state);
    toolbox(state);
  });
  document.addEventListener("visibilitychange", () => feed(store.get()));
}

/** @param {CameraInfo} camera */
function factsOf({ uri, width, height, fps, frame_age_ms: old, sees_every_ms: every, power, state }) {
  const parts = []; // the age first: where there is little room, the end is cut off
  if (state === "live" && old !== null) parts.push(t("caption.age", { age: age(old) }));
  if (state === "live" && every) parts.push(t("caption.sees", { wait: seconds(every) }));
  if (state === "live" && power === "low") parts.push(t("caption.low_power"));
  if (state === "live" && fps) parts.push(t("caption.fps", { n: Math.round(fps) }));
  if (width) parts.push(`${width} × ${height}`);
  parts.push(uri);
  return parts.join(" · ");
}
