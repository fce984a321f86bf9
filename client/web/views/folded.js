// A text of any length in a few lines, with the rest on demand: what people ask may be longer than their screen.
// @ts-check

import { h, setText } from "../dom.js";
import { t } from "../words/tongue.js";

/** {element, show(words)}: at most `lines` of it stand there, and a button where there are more.
 * @param {number} lines */
export function folded(lines) {
  const text = h("span", { class: "folded-text" });
  text.style.setProperty("--lines", String(lines));
  const more = h("button", { type: "button", class: "link", hidden: true, onclick: () => unfold(!open) });
  const element = h("span", { class: "folded" }, text, more);
  let open = false;

  /** @param {boolean} wanted */
  function unfold(wanted) {
    open = wanted;
    element.dataset.open = String(open);
    text.tabIndex = open ? 0 : -1; // its rest is scrolled by the keyboard, too
    fit();
  }

  function fit() {
    more.hidden = !open && text.scrollHeight <= text.clientHeight + 1; // a line more is more than a pixel
    setText(more, more.hidden ? "" : t(open ? "text.less" : "text.more"));
    more.setAttribute("aria-expanded", String(open));
  }

  new ResizeObserver(fit).observe(text);
  return {
    element,
    /** @param {string} words */
    show(words) {
      if (text.textContent !== words) {
        setText(text, words);
        unfold(false);
      } else fit(); // the language may be another
    },
  };
}
