// One event in the list. Its check is always at the top left; the rest of it opens the evidence.
// @ts-check

import { h, icon, setText } from "../../dom.js";
import { moment } from "../../format.js";
import { language, served, t } from "../../words/tongue.js";

const CHECK = ["M5 12.5l4.5 4.5L19 7.5"];
const WRONG = ["M7 7l10 10", "M17 7L7 17"];

/** "door turned on", "lobby is lost"
 * @param {WatchEvent} event */
export function happened({ kind, watch, camera, answer }) {
  return t(`happened.${kind}`, { name: watch ?? camera, answer: answer ?? "" });
}

/** "lobby · 14:03:07 · 0.97"
 * @param {WatchEvent} event */
export function where({ camera, at, probability, reason }) {
  const parts = [camera, moment(Date.parse(at))];
  if (probability !== null) parts.push(probability.toFixed(2));
  if (reason) parts.push(served(reason));
  return parts.join(" · ");
}

/** {element, show(event, picked)}: made once, changed in place.
 * @param {{ verbs: WallVerbs, open: (id: number) => void, preview: Preview }} options */
export function card({ verbs, open, preview }) {
  /** @type {WatchEvent} */
  let event = /** @type {any} */ (null); // an event is shown at once
  /** @type {string | null} */
  let shown = null;
  const check = h("button", { type: "button", class: "event-check", onclick: () => verbs.acknowledge([event.id], !event.acknowledged_at) }, icon(...CHECK));
  const thumb = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const title = h("span", { class: "event-title" });
  const place = h("span", { class: "event-where" });
  const button = h("button", { type: "button", class: "event-open",
    onclick: () => open(event.id),
    onmouseenter: () => preview.show(event, button), onmouseleave: () => preview.hide(),
    onfocus: () => button.matches(":focus-visible") && preview.show(event, button), onblur: () => preview.hide(),
  }, h("span", { class: "event-thumb" }, thumb), h("span", { class: "event-words" }, title, place));
  const wrong = h("button", { type: "button", class: "event-wrong", onclick: () => verbs.judge(event, event.verdict === "wrong" ? null : "wrong") }, icon(...WRONG));
  const element = h("li", { class: "event" }, check, button, wrong);
  thumb.addEventListener("error", () => element.classList.add("pictureless"));

  return {
    element,
    button,
    /**
     * @param {WatchEvent} next
     * @param {boolean} picked
     */
    show(next, picked) {
      const key = JSON.stringify([next.acknowledged_at, next.verdict, next.frame_url, picked, language()]);
      event = next;
      if (key === shown) return;
      shown = key;
      const seen = Boolean(event.acknowledged_at);
      Object.assign(element.dataset, { id: String(event.id), kind: event.kind, severity: event.severity, seen: String(seen), picked: String(picked) });
      check.setAttribute("aria-pressed", String(seen));
      check.title = t(seen ? "event.unreview" : "event.review");
      check.setAttribute("aria-label", t(seen ? "event.unreview_this" : "event.review_this", { what: happened(event), where: event.camera }));
      const called = event.verdict === "wrong";
      wrong.hidden = event.watch === null; // of a camera itself
      wrong.setAttribute("aria-pressed", String(called));
      wrong.title = t(called ? "event.not_wrong" : "event.wrong");
      wrong.setAttribute("aria-label", t(called ? "event.not_wrong_this" : "event.wrong_this", { what: happened(event), where: event.camera }));
      element.dataset.verdict = event.verdict ?? "";
      element.classList.toggle("pictureless", !event.frame_url);
      if (event.frame_url && thumb.getAttribute("src") !== event.frame_url.slice(1)) thumb.src = event.frame_url.slice(1);
      setText(title, happened(event));
      setText(place, where(event));
    },
  };
}
