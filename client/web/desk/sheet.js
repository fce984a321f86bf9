// The product on the card: what the catalogue says of the code that was read, with the picture it was read from.
// @ts-check

import { byId, h, icon, setText, whenChanged, whenLetGo } from "../dom.js";
import { language, t } from "../words/tongue.js";
import { clock } from "../format.js";
import { spoken } from "./items.js";
import { nameOf, priceOf } from "./product.js";
import { SAMPLE } from "./sample.js";

const BOX = ["M4 8l8-4 8 4v8l-8 4-8-4z", "M4 8l8 4 8-4", "M12 12v8"];
const TICK = ["M5 12.5l4.5 4.5L19 7.5"];
const DOUBT = ["M12 4 2.8 20h18.4z", "M12 10v4.5", "M12 17.4v.1"];

/**
 * @param {Store<DeskState>} store
 * @param {DeskVerbs} verbs
 */
export function sheet(store, verbs) {
  const place = byId("product");
  const heard = byId("announcer");
  /** @type {string | null} */
  let announced = null;

  /** @param {DeskState} state */
  function render(state) {
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = place.contains(active) ? active?.dataset.act : null;
    const { held } = state;
    place.dataset.known = held?.known ?? "none";
    place.replaceChildren(...held ? product(held) : nothing());
    if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[data-act="${focused}"]`))?.focus();
    if (held?.code === announced) return;
    announced = held?.code ?? null;
    if (held) setText(heard, [spoken(held, nameOf(held, language())), sureness(held)].join(". "));
  }

  function nothing() {
    return [h("div", { class: "empty" }, icon(...BOX),
      h("h1", {}, t("desk.hold")),
      h("p", {}, t("desk.hold_text")),
      h("button", { type: "button", class: "quiet", data: { act: "sample" }, onclick: () => verbs.sample() }, t("desk.sample")))];
  }

  /** @param {Held} held */
  function product(held) {
    const { known, code, format, reads, label, picture, at, accepted } = held;
    const sure = known === "found";
    return [
      h("p", { class: "sure", data: { tone: sure ? "good" : "warn" } }, icon(...sure ? TICK : DOUBT), sureness(held)),
      h("div", { class: "what" },
        picture ? h("img", { class: "shot", src: picture, alt: t("desk.picture", { time: clock(at) }) }) : null,
        h("div", {},
          h("h1", { class: "name" }, nameOf(held, language())),
          known === "found" ? h("p", { class: "price" }, priceOf(held) || t("desk.no_price")) : null)),
      known === "found" ? null : h("p", { class: "advice" }, advice(held)),
      h("dl", { class: "fields" },
        field("desk.stock", stock(held), held.stock === 0 ? "bad" : null),
        field("desk.delivery", held.days === null || held.days === undefined ? null : t("desk.days", { n: held.days })),
        field("desk.sku", held.sku),
        field("desk.barcode", h("div", { class: "read" },
          h("span", { class: "code" }, code),
          h("span", { class: "muted" }, [format, reads > 1 ? t("desk.reads", { n: reads }) : "", clock(at)].filter(Boolean).join(" · "))), null,
          label ? h("img", { class: "label", src: label, alt: t("desk.label") }) : null)),
      h("div", { class: "row acts" },
        h("button", { type: "button", class: "primary big", data: { act: "accept" }, onclick: () => verbs.accept(held), title: t("desk.accept_title") }, t(accepted ? "desk.once_more" : "desk.accept")),
        h("button", { type: "button", class: "quiet big", data: { act: "retake" }, onclick: () => verbs.retake(), title: t("desk.retake_title") }, t("desk.retake"))),
    ].filter((each) => each !== null);
  }

  store.subscribe(whenChanged(({ held }) => held, whenLetGo(place, render)));
}

/**
 * @param {Words} words
 * @param {Child} value
 * @param {string | null} [tone]
 * @param {Child} [more]
 */
function field(words, value, tone = null, more = null) {
  if (value === null || value === undefined) return null;
  return h("div", { data: tone ? { tone } : {} }, h("dt", {}, t(words)), h("dd", {}, value, more));
}

/** @param {Product} product */
function stock({ stock: left }) {
  if (left === null || left === undefined) return null;
  return left > 0 ? t("desk.in_stock", { n: left }) : t("desk.sold_out");
}

/** How sure the card is, and of what.
 * @param {Product} product */
function sureness({ known }) {
  if (known === "found") return t("desk.sure");
  return t(known === "missing" ? "desk.missing" : "desk.unasked");
}

/** @param {Product} product */
function advice({ known, code }) {
  if (known === "unasked") return t("desk.unasked_text");
  return t(code === SAMPLE ? "desk.missing_sample" : "desk.missing_text");
}
