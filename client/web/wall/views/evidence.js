// An event's evidence: its pictures, what was asked and answered, the probability around it, and why it was told.
// @ts-check

import { h, icon, setText, whenChanged } from "../../dom.js";
import { clock, tenths } from "../../format.js";
import { Line, columns } from "../../plot.js";
import { t } from "../../words/tongue.js";
import { read } from "../../api.js";
import { why } from "../why.js";
import { happened, where } from "./card.js";
import { clipOf } from "./clip.js";
import { judgement } from "./judgement.js";

const CHECK = ["M5 12.5l4.5 4.5L19 7.5"];
const LATER = ["M15 5l-7 7 7 7"]; // as in the list: newest first
const EARLIER = ["M9 5l7 7-7 7"];
const MARGIN_S = 2; // beside the line
const AGAIN_MS = 3000; // readings after it are still coming in

/** {open(id)}. Arrow keys lead on through the list, R and U review, Escape leads back.
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs */
export function evidence(store, verbs) {
  const dialog = h("dialog", { class: "dialog event-dialog", "aria-labelledby": "event-title" });
  document.body.append(dialog);
  const title = h("h2", { id: "event-title" });
  const place = h("p", { class: "muted event-place" });
  const image = h("img", { class: "big", alt: "" });
  const slider = h("input", { type: "range", min: 0, tLabel: "event.frames", oninput: look });
  const moment = h("p", { class: "where", role: "status" });
  const imageless = h("p", { class: "muted imageless", hidden: true, t: "event.no_picture" });
  const clip = clipOf();
  const question = h("p", { class: "question" });
  const answer = h("p", { class: "event-answer" });
  const plot = h("div", { class: "event-plot", role: "img" });
  const facts = h("dl", { class: "facts-list" });
  const reviewing = h("span");
  const review = h("button", { type: "button", class: "primary", onclick: () => act(!shown?.acknowledged_at) }, icon(...CHECK), reviewing);
  const judging = judgement((verdict) => judge(verdict));
  const change = h("button", { type: "button", class: "quiet", t: "event.change_watch", onclick: async () => {
    const watch = watchOf(shown);
    dialog.close();
    if (watch) await verbs.changeWatch(watch);
  } });
  const earlier = step(EARLIER, "event.earlier", 1);
  const later = step(LATER, "event.later", -1);
  const close = h("button", { type: "button", class: "quiet", t: "dialog.close", onclick: () => dialog.close() });
  dialog.append(
    h("div", { class: "event-top" }, h("div", {}, title, place), h("div", { class: "row" }, later, earlier)),
    h("div", { class: "event-body" }, h("div", { class: "event-shown" }, image, imageless, slider, moment, clip.element, question, answer),
      h("section", { class: "event-why", "aria-labelledby": "why-title" }, h("h3", { id: "why-title", t: "why.title" }), plot, facts)),
    judging.element,
    h("div", { class: "row end" }, change, close, review));

  /** @type {WatchEvent | null} */
  let shown = null;
  /** @type {Line | null} */
  let line = null;
  /** @type {number | null} */
  let timer = null;

  /** @param {WatchEvent | null} event */
  function watchOf(event) {
    return store.get().watches?.find(({ name }) => name === event?.watch);
  }

  /**
   * @param {string[]} paths
   * @param {Words} words
   * @param {number} by
   */
  function step(paths, words, by) {
    return h("button", { type: "button", class: "icon", tLabel: words, tTitle: words, onclick: () => go(by) }, icon(...paths));
  }

  /** @param {number} by */
  function go(by) {
    const { events } = store.get();
    const next = events[events.findIndex(({ id }) => id === shown?.id) + by];
    if (next) show(next);
  }

  /** @param {boolean} acknowledged */
  async function act(acknowledged) {
    if (!shown) return;
    const { id } = shown;
    await verbs.acknowledge([id], acknowledged);
    if (shown?.id === id) show(store.get().events.find((event) => event.id === id) ?? { ...shown, acknowledged_at: acknowledged ? new Date().toISOString() : null });
  }

  /** @param {Verdict} verdict */
  async function judge(verdict) {
    if (!shown || shown.watch === null) return;
    const now = await verbs.judge(shown, verdict);
    if (shown?.id === now.id) show(store.get().events.find(({ id }) => id === now.id) ?? now);
  }

  /** @param {WatchEvent} event */
  function show(event) {
    const other = shown?.id !== event.id;
    shown = event;
    const { events } = store.get();
    const index = events.findIndex(({ id }) => id === event.id);
    later.disabled = index <= 0;
    earlier.disabled = index < 0 || index >= events.length - 1;
    setText(title, happened(event));
    setText(place, [t(`watch.${event.severity}`), where(event)].join(" · "));
    dialog.dataset.severity = event.severity;
    if (other) {
      slider.max = String(Math.max(0, event.frames.length - 1));
      slider.value = slider.max;
    }
    slider.hidden = moment.hidden = event.frames.length < 2;
    look();
    clip.show(event);
    setText(question, event.question ?? "");
    setText(answer, event.answer === null ? "" : t("event.answered", { answer: event.answer, n: event.probability === null ? "–" : event.probability.toFixed(2) }));
    const watch = watchOf(event);
    facts.replaceChildren(...why(event, watch).flatMap(([what, value]) => [h("dt", {}, what), h("dd", {}, value)]));
    setText(reviewing, t(event.acknowledged_at ? "event.unreview" : "event.review"));
    judging.show(event, watch);
    change.hidden = !watch;
    draw(event, watch);
    follow(event);
  }

  /** The frame that the slider is at; the newest one is the event's picture, which may be larger. */
  function look() {
    if (!shown) return;
    const { camera, frame_url: picture, frames, frame_at: newest, at } = shown;
    const index = Number(slider.value);
    const frame = index < frames.length - 1 ? frames[index] : { url: picture, at: newest ?? at };
    image.hidden = !frame.url;
    imageless.hidden = Boolean(frame.url);
    if (frame.url && image.getAttribute("src") !== frame.url.slice(1)) image.src = frame.url.slice(1);
    image.alt = t("event.picture_of", { camera, time: clock(Date.parse(frame.at)) });
    setText(moment, t("event.frame", { n: index + 1, of: frames.length, time: tenths(frame.at) }));
  }

  /**
   * @param {WatchEvent} event
   * @param {WatchInfo | undefined} watch
   */
  function draw(event, watch) {
    const all = [...event.before, ...event.after];
    plot.hidden = all.length === 0;
    if (plot.hidden) return;
    line ??= new Line(plot, { axes: true, clock });
    const data = columns(all, watch?.every_s ?? 2);
    const mark = Date.parse(event.before.at(-1)?.at ?? event.at) / 1000;
    line.show({ data, from: data[0][0] - MARGIN_S, to: data[0][data[0].length - 1] + MARGIN_S, on: watch?.on ?? null, off: watch?.off ?? null, mark });
    plot.setAttribute("aria-label", t("event.line", { n: all.length, from: all[0].probability.toFixed(2), to: all[all.length - 1].probability.toFixed(2) }));
  }

  /** What is read after it comes in by and by, and is not told again.
   * @param {WatchEvent} event */
  function follow(event) {
    clearTimeout(timer);
    const old = Date.now() - Date.parse(event.at) > 120_000;
    const waits = event.clip?.state === "pending"; // a front's list says no more
    if (!waits && (old || event.after.length >= 10)) return;
    timer = setTimeout(async () => {
      const now = await read(`v1/events/${event.id}`).catch(() => null);
      if (now && dialog.open && shown?.id === event.id) show(now);
    }, waits && old ? 0 : AGAIN_MS);
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || ((event.target === slider || event.target === clip.video) && event.key.startsWith("Arrow"))) return;
    const verb = { ArrowLeft: () => go(-1), ArrowRight: () => go(1), r: () => act(true), R: () => act(true), u: () => act(false), U: () => act(false),
      x: () => judge(shown?.verdict === "wrong" ? null : "wrong"), X: () => judge(shown?.verdict === "wrong" ? null : "wrong") }[event.key];
    if (!verb) return;
    event.preventDefault();
    verb();
  });
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    clip.end();
    line?.end();
    line = null;
    plot.replaceChildren();
    /** @type {HTMLElement | null} */ (document.querySelector(`.event[data-id="${shown?.id}"] .event-open`))?.focus({ preventScroll: true }); // back where it was
    shown = null;
  });
  image.addEventListener("error", () => {
    image.hidden = true;
    imageless.hidden = false;
  });
  /** @param {WallState} state */
  const said = ({ events }) => {
    const listed = events.find(({ id }) => id === shown?.id); // a colleague may have reviewed or judged it
    return listed && { acknowledged_at: listed.acknowledged_at, verdict: listed.verdict, note: listed.note, judged_at: listed.judged_at };
  };
  store.subscribe(whenChanged((state) => [said(state), Boolean(watchOf(shown)), watchOf(shown)?.judged], (state) => shown && show({ ...shown, ...said(state) })));

  return {
    /** By its id; one that is not in the list is fetched.
     * @param {number} id */
    async open(id) {
      const { events, fresh } = store.get();
      const event = [...events, ...fresh].find((each) => each.id === id) ?? await read(`v1/events/${id}`).catch(() => null);
      if (!event) return;
      if (!dialog.open) dialog.showModal();
      show(event);
      close.focus();
    },
  };
}
