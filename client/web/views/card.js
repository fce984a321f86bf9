// One question and its answer.

import { frameUrl } from "../api.js";
import { h, icon, setText } from "../dom.js";
import { age, clock, seconds } from "../format.js";
import { MINE } from "../state.js";
import { ENDINGS, healthWords } from "../words.js";
import { openEvidence } from "./evidence.js";

const TIMER_AFTER_MS = 500;
const COPY = ["M9 9h10v10H9z", "M5 15V5h10"];
const REPEAT = ["M5 12a7 7 0 1 0 2.2-5.1", "M7.5 3v4h4"];

/** {element, update(answer), answer}: a card is made once and changed in place. */
export function card(verbs) {
  const divider = h("div", { class: "divider", hidden: true }, h("span", {}, "New conversation"));
  const question = h("p", { class: "question" });
  const thumb = h("img", { alt: "", decoding: "async" });
  const look = h("button", { type: "button", class: "thumb", disabled: true, "aria-label": "The pictures this answer was given from",
    onclick: () => openEvidence(me.answer) }, thumb);
  const where = h("p", { class: "where" });
  const text = h("p", { class: "text" });
  const timer = h("span", { class: "timer", "aria-hidden": "true" });
  const ending = h("span", { class: "ending" });
  const facts = h("span", { class: "facts" });
  const copy = h("button", { type: "button", class: "quiet small", onclick: onCopy }, icon(...COPY), h("span", {}, "Copy"));
  const again = h("button", { type: "button", class: "quiet small", onclick: () => verbs.again(me.answer) }, icon(...REPEAT), h("span", {}, "Ask again"));
  const tools = h("div", { class: "row tools-row" }, copy, again);
  const element = h("li", { class: "card" }, divider, question,
    h("div", { class: "answer" }, look, h("div", { class: "words" }, where, text, h("p", { class: "small-print" }, timer, ending, facts), tools)));
  thumb.addEventListener("error", () => {
    look.classList.add("none");
    look.disabled = true;
    look.title = "The server no longer keeps this picture";
  });

  let ticking = null;
  const me = { element, update, answer: null };

  async function onCopy() {
    const said = await copied(me.answer.text);
    setText(copy.lastChild, said ? "Copied" : "Not copied");
    setTimeout(() => setText(copy.lastChild, "Copy"), 1500);
  }

  function tick() {
    const waited = performance.now() - me.answer.started;
    setText(timer, waited > TIMER_AFTER_MS ? seconds(waited) : "");
  }

  function update(answer) {
    const ended = !["waiting", "answering", "stopping"].includes(answer.phase);
    element.dataset.phase = answer.phase;
    divider.hidden = !answer.opens;
    setText(question, answer.question);
    const camera = answer.camera === MINE ? ["Your camera"] : answer.camera ? [answer.camera] : []; // none before it is chosen
    setText(where, [...camera, clock(answer.askedAt)].join(" · "));
    setText(text, answer.text);
    text.classList.toggle("empty", !answer.text);
    setText(ending, ended ? endingOf(answer) : answer.phase === "stopping" ? "Stopping" : "");
    setText(facts, ended ? factsOf(answer) : "");
    tools.hidden = !ended;
    copy.hidden = !answer.text;
    if (ended) show(answer.saw);
    if (!ended && ticking === null) ticking = setInterval(tick, 100);
    if (ended && ticking !== null) {
      clearInterval(ticking);
      ticking = null;
      setText(timer, "");
    }
  }

  function show(saw) {
    if (!saw?.window) {
      look.classList.add("none");
    } else if (look.disabled && !look.classList.contains("none")) {
      look.disabled = false;
      look.title = `${saw.window.frames} pictures, the newest ${clock(saw.window.end)}`;
      thumb.alt = "The newest picture this answer saw";
      thumb.src = frameUrl(saw.answer_id, saw.window.frames - 1);
    }
  }

  return me;
}

function endingOf({ phase, text }) {
  if (phase === "stopped" && !text) return "Stopped before the first word";
  return ENDINGS[phase] ?? "";
}

function factsOf({ firstMs, wholeMs, saw }) {
  const parts = [];
  if (firstMs !== null) parts.push(`first word ${seconds(firstMs)}`, `whole ${seconds(wholeMs)}`);
  if (saw?.frame_age_ms !== null && saw?.frame_age_ms !== undefined) parts.push(`frame ${age(saw.frame_age_ms)} old`);
  for (const { title } of healthWords(saw?.health ?? [])) parts.push(title.toLowerCase());
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · "); // broken between the parts only
}

/** Insecure pages have no clipboard; selecting and copying still works there. */
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
