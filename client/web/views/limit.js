// Says that a field holds more than is taken. A `maxLength` would cut what is pasted without a word.
// @ts-check

import { h, setText } from "../dom.js";
import { t } from "../words/tongue.js";

/** {element, over(), check()}: a line to stand below `box`, of which `most` characters are taken; it is shown while
 * there are more. `check()` says it in the present language.
 * @param {HTMLInputElement} box
 * @param {number} most */
export function limit(box, most) {
  const said = h("span", { role: "status" });
  const count = h("span"); // not read out at every key
  const element = h("p", { id: `${box.id}-limit`, class: "field-wrong", hidden: true }, said, " ", count);
  box.addEventListener("input", check);

  const length = () => [...box.value.trim()].length; // as the server counts: characters, not UTF-16 units
  const over = () => length() > most;

  function check() {
    element.hidden = !over();
    setText(said, over() ? t("field.too_long", { most }) : "");
    setText(count, over() ? t("field.length", { n: length() }) : "");
    if (over()) box.setAttribute("aria-describedby", element.id);
    else box.removeAttribute("aria-describedby");
    box.setAttribute("aria-invalid", String(over()));
  }

  return { element, over, check };
}
