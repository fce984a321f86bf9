// One camera of the wall: its picture and how old that is, how its watches stand, what it was last asked.
// @ts-check

import { h, icon, setText, whenChanged, whenLetGo } from "../../dom.js";
import { age, moment, percent, seconds } from "../../format.js";
import { Line, columns } from "../../plot.js";
import { openEvidence } from "../../views/evidence.js";
import { dot } from "../../views/pill.js";
import { briefNote, healthWords, powerWords, problemWords } from "../../words/states.js";
import { served, t } from "../../words/tongue.js";
import { alertOf, standing, tileSaid, watchesOf } from "../state.js";

const NO_PICTURE = ["M4 4l16 16", "M9 6h6l1.5 2H19a1.5 1.5 0 0 1 1.5 1.5V16", "M17 18.5H5A1.5 1.5 0 0 1 3.5 17V9.5A1.5 1.5 0 0 1 5 8h1.5", "M9.6 11.5a3 3 0 0 0 4 4"];
const PLUS = ["M12 5v14", "M5 12h14"];
const SPAN_S = 600; // of a small line ...
const LEAST_S = 60; // ... and of one that has just begun

/** "Live · 0.4 s", "Offline · retry in 8 s"
 * @param {TileSaid} what */
export function saidWords({ key, age: old, retry }) {
  return t(key, { age: old === undefined ? "" : age(old), wait: retry === undefined ? "" : seconds(retry) });
}

/** "Yes since 14:03:07"
 * @param {WatchNow} now */
export function standingWords(now) {
  const stands = standing(now);
  if (stands === "unknown") return t("stands.unknown");
  const word = now.answer && !["yes", "no"].includes(now.answer) ? now.answer : t(`stands.${stands}`);
  return now.since ? t("wall.since", { word, time: moment(Date.parse(now.since), true) }) : word;
}

/** {element, name, update(state), tick(state), show(picture), look(inSight), end()}: made once, changed in place.
 * @param {string} name
 * @param {{ verbs: WallVerbs, lines: Readings, open: (name: string) => void }} options */
export function tile(name, { verbs, lines, open }) {
  const image = h("img", { alt: "", decoding: "async", hidden: true });
  const picture = h("button", { type: "button", class: "tile-picture", tabIndex: -1, onclick: () => open(name) }, image, h("span", { class: "tile-none" }, icon(...NO_PICTURE)));
  const saying = h("span");
  const said = h("span", { class: "tile-said" }, dot(), saying);
  const health = h("span", { class: "tile-health" });
  const reason = h("p", { class: "tile-reason", hidden: true });
  const answer = h("div", { class: "tile-answer", hidden: true });
  const rows = h("ul", { class: "tile-watches" });
  const add = h("button", { type: "button", class: "tile-add", tTitle: "wall.new_watch_here", tLabel: "wall.new_watch_here", onclick: () => verbs.newWatch(name) }, icon(...PLUS));
  const element = h("li", { class: "tile", data: { camera: name } }, picture,
    h("div", { class: "tile-head" }, h("strong", { class: "tile-name" }, name), health, said), reason, answer,
    h("div", { class: "tile-foot" }, rows, add));

  /** @type {Map<string, ReturnType<typeof row>>} */
  const drawn = new Map(); // watch -> {row, line, host}
  /** @type {number | null} */
  let shownAt = null;
  let inSight = false;

  /** @param {WallState} state */
  function camera(state) {
    return state.cameras.find((each) => each.name === name);
  }

  /** @param {WallState} state */
  function tick(state) {
    const now = camera(state);
    if (!now) return;
    const what = tileSaid(state, now, shownAt === null ? null : performance.now() - shownAt);
    element.dataset.tone = what.tone;
    said.dataset.tone = { live: "live", old: "warn", off: "bad", wait: "wait" }[what.tone];
    setText(saying, saidWords(what));
    picture.setAttribute("aria-label", t("wall.open", { name, said: saying.textContent }));
    const slow = now.state === "live" && now.sees_every_ms ? t("caption.sees", { wait: seconds(now.sees_every_ms) }) : "";
    const told = what.tone === "off" ? now.reason && served(now.reason) : slow;
    reason.hidden = !told || state.server !== "ready";
    setText(reason, reason.hidden ? "" : told ?? "");
  }

  /** @type {Render<WallState>} */
  const alerted = whenChanged((state) => alertOf(state, name), (state) => (element.dataset.alert = alertOf(state, name) ?? "none"));
  /** @type {Render<WallState>} */
  const healthy = whenChanged((state) => [camera(state)?.health, powerWords(camera(state)), camera(state)?.masked, camera(state)?.zones], (state) => {
    const flags = healthWords(camera(state)?.health ?? []);
    const low = powerWords(camera(state));
    if (low) flags.push({ flag: "low_power", title: t("wall.low_power"), text: low });
    if (camera(state)?.masked) flags.push({ flag: "masked", title: t("wall.masked"), text: t("wall.masked_text") });
    const zones = Object.keys(camera(state)?.zones ?? {});
    if (zones.length) flags.push({ flag: "zones", title: t("wall.zones", { n: zones.length }), text: t("wall.zones_text", { names: zones.join(", ") }) });
    health.replaceChildren(...flags.map(({ flag, title, text }) => h("span", { class: "tile-flag", data: { flag }, title: text }, title)));
  });
  /** @type {Render<WallState>} */
  const watched = whenChanged((state) => [watchesOf(state, name).map(({ watch, now }) => [watch.name, watch.severity, watch.origin, now.state, now.trouble, now.since, now.answer])], whenLetGo(element, watch));
  /** @type {Render<WallState>} */
  const answered = whenChanged((state) => [state.asked?.answers[name], state.asked?.shown], ({ asked }) => {
    element.dataset.shown = String(Boolean(asked?.shown?.some(({ camera: each }) => each === name)));
    show(asked?.answers[name], asked?.question);
  });
  /** @type {Render<WallState>} */
  const barred = whenChanged((state) => state.role, (state) => (add.hidden = state.role === "viewer"));

  /** @param {WallState} state */
  function watch(state) {
    const found = watchesOf(state, name);
    const names = new Set(found.map(({ watch: each }) => each.name));
    for (const [gone, each] of drawn) {
      if (names.has(gone)) continue;
      each.end();
      drawn.delete(gone);
    }
    const order = [];
    for (const { watch: each, now } of found) {
      const known = drawn.get(each.name) ?? row(verbs);
      drawn.set(each.name, known);
      known.update(each, now);
      order.push(known.element);
    }
    if (order.some((each, index) => rows.children[index] !== each) || rows.children.length !== order.length) rows.replaceChildren(...order);
    draw();
  }

  function draw() {
    for (const [watchName, each] of drawn) each.draw(lines.of(watchName, name), inSight);
  }

  /**
   * @param {WallAnswer | undefined} given
   * @param {string | undefined} question
   */
  function show(given, question) {
    answer.hidden = !given;
    answer.replaceChildren();
    if (!given) return;
    answer.dataset.phase = given.phase;
    if (given.phase === "waiting") return answer.append(h("span", { class: "spinner small-spinner", "aria-hidden": "true" }), h("span", {}, t("wall.asking")));
    if (given.phase === "refused" && given.problem) {
      const words = problemWords(given.problem);
      return answer.append(h("span", { class: "tile-refused", title: words.text }, words.title));
    }
    const likely = given.probability === null ? null : h("span", { class: "tile-likely" }, t("wall.likely", { n: percent(given.probability) }));
    const note = given.saw?.note ? h("span", { class: "tile-note" }, briefNote(given.saw.note)) : null; // a phone has the one at the top out of sight
    answer.append(h("span", { class: "tile-text" }, given.text, likely ? " " : "", likely ?? "", note ?? ""));
    if (given.saw?.window) {
      answer.append(h("button", { type: "button", class: "link", onclick: () => openEvidence({ question: question ?? "", text: given.text, saw: given.saw }) }, t("wall.frames")));
    }
  }

  return {
    element,
    name,
    picture,
    tick,
    draw,
    /** @param {WallState} state */
    update(state) {
      alerted(state);
      healthy(state);
      watched(state);
      answered(state);
      barred(state);
      tick(state);
    },
    /** @param {Picture} picture */
    show({ url, takenAt }) {
      image.src = url;
      image.hidden = false;
      shownAt = takenAt;
    },
    /** @param {boolean} seen */
    look(seen) {
      inSight = seen;
      draw();
    },
    end() {
      for (const each of drawn.values()) each.end();
    },
  };
}

/** How one watch stands, with its line.
 * @param {WallVerbs} verbs */
function row(verbs) {
  const name = h("span", { class: "row-name" });
  const words = h("span", { class: "row-words" });
  const host = h("span", { class: "row-line", "aria-hidden": "true" });
  /** @type {WatchInfo} */
  let watch = /** @type {any} */ (null); // update() comes at once
  /** @type {Line | null} */
  let line = null;
  const button = h("button", { type: "button", class: "row-button", onclick: () => verbs.changeWatch(watch) }, dot(), h("span", { class: "row-text" }, name, " ", words));
  const element = h("li", { class: "watch-row" }, button, host);

  return {
    element,
    /**
     * @param {WatchInfo} next
     * @param {WatchNow} now
     */
    update(next, now) {
      watch = next;
      element.dataset.stands = standing(now);
      element.dataset.severity = next.severity;
      element.dataset.trouble = String(Boolean(now.trouble));
      host.hidden = next.kind === "text"; // it has no probability
      setText(name, next.name);
      setText(words, standingWords(now));
      button.title = [next.question, now.trouble].filter(Boolean).join("\n");
    },
    /**
     * @param {Reading[]} readings
     * @param {boolean} inSight
     */
    draw(readings, inSight) {
      if (!inSight) return;
      line ??= new Line(host);
      const to = Date.now() / 1000;
      const data = columns(readings, watch.every_s);
      const from = Math.max(to - SPAN_S, Math.min(to - LEAST_S, data[0][0] ?? to));
      line.show({ data, from, to, on: watch.on, off: watch.off });
    },
    end() {
      line?.end();
    },
  };
}
