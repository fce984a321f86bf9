// The pictures that one answer was given from, in order, with the newest shown first.

import { frameUrl } from "../api.js";
import { byId, h, setText } from "../dom.js";
import { clock, seconds } from "../format.js";
import { t } from "../words/tongue.js";

export function openEvidence({ question, text, saw }) {
  const dialog = byId("evidence") ?? h("dialog", { id: "evidence", class: "dialog wide", "aria-labelledby": "evidence-title" });
  if (!dialog.isConnected) document.body.append(dialog);
  const { frames, start, end } = saw.window;
  const span = new Date(end) - new Date(start);
  const big = h("img", { class: "big", alt: "" });
  const place = h("p", { class: "where", role: "status" });
  const slider = h("input", { type: "range", min: 0, max: frames - 1, value: frames - 1, "aria-label": t("evidence.slider"), hidden: frames < 2, oninput: show });

  function show() {
    const index = Number(slider.value);
    big.src = frameUrl(saw.answer_id, index);
    const number = { n: index + 1, of: frames };
    big.alt = t("evidence.place", number);
    setText(place, index === frames - 1 ? t("evidence.newest", { ...number, time: clock(end) })
      : index === 0 ? t("evidence.oldest", { ...number, time: clock(start) }) : t("evidence.place", number));
  }

  dialog.replaceChildren(
    h("h2", { id: "evidence-title" }, t("evidence.title")),
    h("p", { class: "muted" }, t("evidence.about", { n: frames, time: seconds(span) })),
    big, slider, place,
    h("p", { class: "question" }, question),
    h("p", { class: "text" }, text),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary" }, t("dialog.close"))));
  big.addEventListener("error", () => setText(place, t("evidence.gone")));
  show();
  dialog.showModal();
}
