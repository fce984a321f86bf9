// The pictures that one answer was given from, in order, with the newest shown first.

import { frameUrl } from "../api.js";
import { byId, h, setText } from "../dom.js";
import { clock, seconds } from "../format.js";

export function openEvidence({ question, text, saw }) {
  const dialog = byId("evidence");
  const { frames, start, end } = saw.window;
  const span = new Date(end) - new Date(start);
  const big = h("img", { class: "big", alt: "" });
  const place = h("p", { class: "where", role: "status" });
  const slider = h("input", { type: "range", min: 0, max: frames - 1, value: frames - 1, "aria-label": "Picture", hidden: frames < 2, oninput: show });

  function show() {
    const index = Number(slider.value);
    big.src = frameUrl(saw.answer_id, index);
    big.alt = `Picture ${index + 1} of ${frames}`;
    const which = index === frames - 1 ? `: the newest, ${clock(end)}` : index === 0 ? `: the oldest, ${clock(start)}` : "";
    setText(place, `Picture ${index + 1} of ${frames}${which}`);
  }

  dialog.replaceChildren(
    h("h2", { id: "evidence-title" }, "What this answer saw"),
    h("p", { class: "muted" }, `${frames} pictures over ${seconds(span)}, as the model got them.`),
    big, slider, place,
    h("p", { class: "question" }, question),
    h("p", { class: "text" }, text),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary" }, "Close")));
  big.addEventListener("error", () => setText(place, "The server no longer keeps this picture: it has those of the last answers only."));
  show();
  dialog.showModal();
}
