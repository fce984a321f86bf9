// The fields of a form, each with a label, a hint, and a place for what is wrong with it.
// @ts-check

import { h, setText } from "../dom.js";

let serial = 0;

/** {element, input, wrong(text)}: a labelled `input`; `label` and `hint` name words. wrong("") takes the complaint back.
 * @param {Words} label
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {Words | null} [hint]
 * @param {Words | null} [unit] */
export function field(label, input, hint = null, unit = null) {
  serial += 1;
  input.id ||= `field-${serial}`;
  const told = h("p", { class: "field-hint", id: `${input.id}-hint`, t: hint, hidden: hint === null });
  const wrong = h("p", { class: "field-wrong", id: `${input.id}-wrong`, role: "alert", hidden: true });
  input.setAttribute("aria-describedby", `${input.id}-hint ${input.id}-wrong`);
  const element = h("div", { class: "field" },
    h("label", { for: input.id, t: label }),
    unit ? h("div", { class: "field-unit" }, input, h("span", { class: "muted", t: unit })) : input, told, wrong);
  return { element, input, wrong: complain(input, wrong) };
}

/** {element, value(), choose(value), wrong(text)}: one of `choices` [[value, name of its words]…].
 * @param {Words} label
 * @param {[string, Words][]} choices
 * @param {string} chosen
 * @param {(value: string) => void} [changed] */
export function oneOf(label, choices, chosen, changed = () => {}) {
  serial += 1;
  const name = `choice-${serial}`;
  const wrong = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const inputs = choices.map(([value]) => h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => changed(value) }));
  const element = h("fieldset", { class: "field" }, h("legend", { t: label }),
    h("div", { class: "segments" }, choices.map(([, words], index) => h("label", {}, inputs[index], h("span", { t: words })))), wrong);
  return {
    element,
    value: () => inputs.find((input) => input.checked)?.value ?? null,
    /** @param {string} value */
    choose(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
    wrong: complain(element, wrong),
  };
}

/** {element, value(), offer(values), wrong(text)}: some of values, which are their own words.
 * @param {Words} label
 * @param {string[]} values
 * @param {string[]} chosen
 * @param {Words | null} [hint] */
export function someOf(label, values, chosen, hint = null) {
  const box = h("div", { class: "picks" });
  const wrong = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const element = h("fieldset", { class: "field" }, h("legend", { t: label }), box, hint ? h("p", { class: "field-hint", t: hint }) : null, wrong);
  /** @type {HTMLInputElement[]} */
  let inputs = [];

  /**
   * @param {string[]} offered
   * @param {string[]} picked
   */
  function offer(offered, picked) {
    inputs = offered.map((value) => h("input", { type: "checkbox", value, checked: picked.includes(value) }));
    box.replaceChildren(...inputs.map((input) => h("label", { class: "pick" }, input, h("span", {}, input.value))));
  }

  const value = () => inputs.filter((input) => input.checked).map((input) => input.value);
  offer(values, chosen);
  return { element, value, offer: (/** @type {string[]} */ offered) => offer(offered, value()), wrong: complain(element, wrong) };
}

/** {element, input}: yes or no, said by `label`.
 * @param {Words} label
 * @param {boolean} checked */
export function tick(label, checked) {
  const input = h("input", { type: "checkbox", checked });
  return { element: h("label", { class: "tick" }, input, h("span", { t: label })), input, wrong: () => {} };
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} place
 */
function complain(element, place) {
  return (/** @type {string} */ text) => {
    place.hidden = !text;
    setText(place, text);
    if (text) element.setAttribute("aria-invalid", "true");
    else element.removeAttribute("aria-invalid");
  };
}
