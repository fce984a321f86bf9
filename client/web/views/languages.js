// The choice of the page's language: a button that switches where there are two, a list where there are more. Which
// there are, the server knows.
// @ts-check

import { h } from "../dom.js";
import { language, languages, speak } from "../words/tongue.js";

/** Its element. `changed` is called once the page's own words are in the language that was chosen; it stays as it was
 * when the server does not answer.
 * @param {() => void} changed */
export function languageChoice(changed) {
  const place = h("span", { class: "languages" });
  /** @param {string} chosen */
  const choose = (chosen) => speak(chosen).then(changed, () => {}).finally(() => show());
  const show = () => {
    const focused = place.contains(document.activeElement);
    const control = languages().length > 2 ? list(choose) : button(choose);
    place.replaceChildren(...control ? [control] : []);
    if (focused) control?.focus();
  };
  show();
  return place;
}

/** @param {(chosen: string) => void} choose */
function button(choose) {
  const other = languages().find((each) => each.language !== language());
  if (!other) return null;
  const title = other.switch;
  return h("button", { class: "icon language", type: "button", title, "aria-label": title, onclick: () => choose(other.language) }, other.short);
}

/** @param {(chosen: string) => void} choose */
function list(choose) {
  const present = language();
  const options = languages().map((each) => h("option", { value: each.language, selected: each.language === present }, each.name));
  const select = h("select", { class: "language", tLabel: "language.choose", tTitle: "language.choose" }, options);
  select.addEventListener("change", () => choose(select.value));
  return select;
}
