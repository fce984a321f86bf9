// One question and its answer.
// @ts-check

import { frameUrl } from "../api.js";
import { h, icon, setText } from "../dom.js";
import { age, clock, seconds } from "../format.js";
import { MINE } from "../state.js";
import { endingWords, healthWords } from "../words/states.js";
import { language, say, t } from "../words/tongue.js";
import { openEvidence } from "./evidence.js";
import { folded } from "./folded.js";
import { sources } from "./sources.js";

const TIMER_AFTER_MS = 500;
const LINES = 6; // of a question
const COPY = ["M9 9h10v10H9z", "M5 15V5h10"];
const EYE = ["M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z", "M12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z"];
const REPEAT = ["M5 12a7 7 0 1 0 2.2-5.1", "M7.5 3v4h4"];

/** {element, show(answer)}: a card is made once and changed in place, when its answer or the language changes.
 * @param {Verbs | DeskVerbs} verbs */
export function card(verbs) {
  const divider = h("div", { class: "divider", hidden: true }, h("span", { t: "ask.anew" }));
  const question = folded(LINES);
  const thumb = h("img", { alt: "", decoding: "async" });
  const look = h("button", { type: "button", class: "thumb", disabled: true, tLabel: "card.frames",
    onclick: () => openEvidence(me.answer) }, thumb);
  const where = h("p", { class: "where" });
  const text = h("p", { class: "text" });
  const timer = h("span", { class: "timer", "aria-hidden": "true" });
  const ending = h("span", { class: "ending" });
  const facts = h("span", { class: "facts" });
  const copies = h("span", { t: "card.copy" });
  const copy = h("button", { type: "button", class: "quiet small", onclick: onCopy }, icon(...COPY), copies);
  const again = h("button", { type: "button", class: "quiet small", onclick: () => verbs.again(me.answer) }, icon(...REPEAT), h("span", { t: "card.again" }));
  const watches = h("span", { t: "card.watch" });
  const watch = h("button", { type: "button", class: "quiet small", onclick: onWatch, tTitle: "card.watch_title" }, icon(...EYE), watches);
  const tools = h("div", { class: "row tools-row" }, copy, again, watch);
  const knows = sources();
  const element = h("li", { class: "card" }, divider, h("p", { class: "question" }, question.element),
    h("div", { class: "answer" }, look, h("div", { class: "words" }, where, text, h("p", { class: "small-print" }, timer, ending, facts), knows.element, tools)));
  thumb.addEventListener("error", () => {
    look.classList.add("none");
    look.disabled = true;
    look.title = t("card.picture_gone");
  });

  /** @type {number | null} */
  let ticking = null;
  /** @type {{ element: HTMLLIElement, show: (answer: Answer) => void, answer: Answer, language: string | null }} */
  const me = { element, show, answer: /** @type {any} */ (null), language: null }; // an answer is shown at once

  /** @param {Answer} answer */
  function show(answer) {
    if (me.answer === answer && me.language === language()) return;
    me.answer = answer;
    me.language = language();
    update(answer);
  }

  async function onCopy() {
    const said = await copied(me.answer.text);
    say(copies, said ? "card.copied" : "card.not_copied");
    setTimeout(() => say(copies, "card.copy"), 1500);
  }

  async function onWatch() {
    if (await verbs.watch?.(me.answer)) say(watches, "card.watched");
  }

  function tick() {
    const waited = performance.now() - me.answer.started;
    setText(timer, waited > TIMER_AFTER_MS ? seconds(waited) : "");
  }

  /** @param {Answer} answer */
  function update(answer) {
    const ended = !["waiting", "answering", "stopping"].includes(answer.phase);
    element.dataset.phase = answer.phase;
    divider.hidden = !answer.opens;
    question.show(answer.question);
    const camera = answer.camera === MINE ? [t("chip.mine")] : answer.camera ? [answer.camera] : []; // none before it is chosen
    setText(where, [...camera, clock(answer.askedAt)].join(" · "));
    write(text, answer);
    text.classList.toggle("empty", !answer.text);
    setText(ending, endingWords(answer));
    setText(facts, ended ? factsOf(answer) : "");
    tools.hidden = !ended;
    copy.hidden = !answer.text;
    watch.hidden = !verbs.watch || !answer.camera || answer.camera === MINE; // one's own goes with this page
    knows.show(ended ? answer.saw : null);
    if (ended) illustrate(answer.saw);
    if (!ended && ticking === null) ticking = setInterval(tick, 100);
    if (ended && ticking !== null) {
      clearInterval(ticking);
      ticking = null;
      setText(timer, "");
    }
  }

  /** @param {Saw | null} saw */
  function illustrate(saw) {
    if (!saw?.window) {
      look.classList.add("none");
    } else if (!look.classList.contains("none")) {
      look.title = t("card.pictures", { n: saw.window.frames, time: clock(saw.window.end) });
      thumb.alt = t("card.newest");
      if (!look.disabled) return;
      look.disabled = false;
      thumb.src = frameUrl(saw.answer_id, saw.window.frames - 1);
    }
  }

  return me;
}

/** The answer's words; those that repeat what was read or looked up are marked, and say what that was.
 * @param {HTMLElement} element
 * @param {Answer} answer */
function write(element, { text, saw }) {
  if (!saw?.marks?.length) return setText(element, text);
  const letters = [...text]; // marks count characters, not UTF-16 units
  const parts = [];
  let end = 0;
  for (const mark of [...saw.marks].sort((one, other) => one.start - other.start)) {
    if (mark.start < end) continue;
    const fact = saw.facts[mark.fact];
    parts.push(letters.slice(end, mark.start).join(""),
      h("mark", { title: t(fact.source === "read" ? "card.read" : "card.looked_up", { fact: fact.text }) }, letters.slice(mark.start, mark.end).join("")));
    end = mark.end;
  }
  element.replaceChildren(...parts, letters.slice(end).join(""));
}

/** @param {Answer} answer */
function factsOf({ firstMs, wholeMs, saw }) {
  const parts = [];
  if (firstMs !== null && wholeMs !== null) parts.push(t("card.first", { time: seconds(firstMs) }), t("card.whole", { time: seconds(wholeMs) }));
  if (saw?.frame_age_ms !== null && saw?.frame_age_ms !== undefined) parts.push(t("card.age", { age: age(saw.frame_age_ms) }));
  for (const { title } of healthWords(saw?.health ?? [])) parts.push(title.toLowerCase());
  if (saw?.scene_changed) parts.push(t("card.changed"));
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · "); // broken between the parts only
}

/** Insecure pages have no clipboard; selecting and copying still works there.
 * @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { value: text, class: "hidden" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
