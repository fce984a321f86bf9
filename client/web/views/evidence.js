// The pictures that one answer was given from, in order, each with its time and age; the newest is shown first. The arrow
// keys go from one to the next.
// @ts-check

import { ApiProblem, answer, frameUrl } from "../api.js";
import { h, setText } from "../dom.js";
import { age, clock, seconds, tenths } from "../format.js";
import { powerWords } from "../words/states.js";
import { served, t } from "../words/tongue.js";
import { folded } from "./folded.js";

const LINES = 3; // of the question

/** Nothing, where no pictures are known.
 * @param {{ question: string, text: string, saw: Saw | null }} answer */
export function openEvidence({ question, text, saw: given }) {
  if (!given?.window) return;
  const { answer_id: id, window: seen } = given;
  const known = /** @type {HTMLDialogElement | null} */ (document.getElementById("evidence"));
  const dialog = known ?? h("dialog", { id: "evidence", class: "dialog wide", "aria-labelledby": "evidence-title" });
  if (!dialog.isConnected) document.body.append(dialog);
  const { frames, start, end } = seen;
  const span = Date.parse(end) - Date.parse(start);
  const big = h("img", { class: "big", alt: "" });
  const place = h("p", { class: "where", role: "status" });
  const asked = folded(LINES);
  const notes = [served(given.note ?? ""), powerWords(given)].filter(Boolean);
  const slider = h("input", { type: "range", min: 0, max: frames - 1, value: frames - 1, "aria-label": t("evidence.slider"), hidden: frames < 2, oninput: show });

  /** @type {SeenFrame[]} */
  let times = []; // of each picture, when the server still knows: {captured_at, age_ms}

  function show() {
    const index = Number(slider.value);
    big.src = frameUrl(id, index);
    const number = { n: index + 1, of: frames };
    big.alt = t("evidence.place", number);
    const words = t(index === frames - 1 ? "evidence.newest" : index === 0 ? "evidence.oldest" : "evidence.place", number);
    const { captured_at: at = index === frames - 1 ? end : index === 0 ? start : null, age_ms: old = null } = times[index] ?? {};
    const when = at && old !== null ? t("evidence.when", { place: words, time: tenths(at), age: age(old) }) : at ? `${words} · ${clock(at)}` : words;
    setText(place, when);
  }

  answer(id).then((stored) => {
    times = stored.frames;
    if (dialog.open) show();
  }).catch((problem) => {
    if (!(problem instanceof ApiProblem)) throw problem; // it is kept no more: the pictures say so
  });
  dialog.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target === slider) return; // the slider has its own
    event.preventDefault();
    slider.value = String(Number(slider.value) + step);
    show();
  };

  dialog.replaceChildren(
    h("h2", { id: "evidence-title" }, t("evidence.title")),
    h("p", { class: "muted" }, t("evidence.about", { n: frames, time: seconds(span) })),
    big, slider, place,
    h("p", { class: "question" }, asked.element),
    h("p", { class: "text" }, text),
    ...notes.map((each) => h("p", { class: "note" }, each)),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary" }, t("dialog.close"))));
  big.addEventListener("error", () => setText(place, t("evidence.gone")));
  show();
  dialog.showModal();
  asked.show(question);
}
