// The products of this visit, along the bottom: the newest first, what they cost together, and saving them as a table.
// @ts-check

import { byId, h, icon, whenChanged, whenLetGo } from "../dom.js";
import { language, t } from "../words/tongue.js";
import { nameOf, priceOf, totalOf } from "./product.js";

const CROSS = ["M7 7l10 10", "M17 7L7 17"];

/**
 * @param {Store<DeskState>} store
 * @param {DeskVerbs} verbs
 */
export function strip(store, verbs) {
  const place = byId("strip");
  const list = h("ol", { class: "items", tLabel: "desk.items", tabIndex: 0 });
  const sum = h("p", { class: "sum", role: "status" });
  const undo = h("button", { type: "button", class: "quiet small", t: "desk.undo", tTitle: "desk.undo_title", onclick: () => verbs.undo() });
  const save = h("button", { type: "button", class: "quiet small", t: "desk.save", tTitle: "desk.save_title", onclick: () => verbs.save() });
  place.append(h("div", { class: "strip-head" }, h("h2", { t: "desk.items" }), sum, h("div", { class: "row" }, undo, save)), list);

  store.subscribe(whenChanged(({ items, past }) => [items, past.length], whenLetGo(list, ({ items, past }) => {
    const count = items.reduce((all, item) => all + item.count, 0);
    sum.textContent = count ? [t("desk.num_items", { n: count }), totalOf(items)].filter(Boolean).join(" · ") : "";
    undo.disabled = past.length === 0;
    save.disabled = items.length === 0;
    list.replaceChildren(...items.length ? items.map(item).reverse() : [h("li", { class: "none" }, t("desk.no_items"))]);
    list.scrollLeft = 0;
  })));

  /** @param {Item} product */
  function item(product) {
    const name = nameOf(product, language());
    return h("li", { class: "item" },
      product.picture ? h("img", { src: product.picture, alt: "" }) : h("span", { class: "no-shot", "aria-hidden": "true" }),
      h("div", { class: "item-words" },
        h("span", { class: "item-name", title: name }, name),
        h("span", { class: "item-price" }, [priceOf(product) || t("desk.no_price"), product.count > 1 ? `× ${product.count}` : ""].filter(Boolean).join(" "))),
      h("button", { type: "button", class: "icon", onclick: () => verbs.remove(product.code), "aria-label": t("desk.remove", { name }), title: t("desk.remove", { name }) }, icon(...CROSS)));
  }
}
