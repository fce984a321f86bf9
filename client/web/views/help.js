// The help of a page: what it is for, and its keys. `?` opens it.
// @ts-check

import { byId, h } from "../dom.js";
import { elsewhere } from "../keys.js";

/** `title` and `text` name words; `keys` is [[key, the name of what it does]…].
 * @param {Help} words */
export function help({ title, text, keys }) {
  const dialog = byId("help");
  dialog.append(
    h("h2", { id: "help-title", t: title }),
    h("p", { t: text }),
    h("dl", { class: "keys" }, keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", { t: what })])),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary", t: "dialog.close" })));
  byId("help-open").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || elsewhere(event)) return;
    event.preventDefault();
    dialog.showModal();
  });
}
