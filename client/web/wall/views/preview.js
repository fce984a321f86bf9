// The pictures of an event, large, beside the list, for those who point with something fine: the newest, and then how it came
// to be so, again and again, unless the reader wants nothing to move.
// @ts-check

import { h } from "../../dom.js";

const STEP_MS = 300; // from frame to frame
const REST_MS = 1200; // on the newest

/** {show(event, beside), hide()}. */
export function createPreview() {
  const element = h("div", { class: "event-preview", hidden: true, "aria-hidden": "true" });
  document.body.append(element);
  /** @type {number | null} */
  let timer = null;
  let turn = 0; // what was begun in an earlier one ends

  function hide() {
    turn += 1;
    clearTimeout(timer);
    element.hidden = true;
  }

  /** @param {string} url */
  function picture(url) {
    return h("img", { alt: "", src: url.slice(1) }); // kept, since the server's pictures are in nobody's cache
  }

  /**
   * @param {EventFrame[]} frames
   * @param {HTMLImageElement} newest
   * @param {number} mine
   */
  async function play(frames, newest, mine) {
    const pictures = [...frames.slice(0, -1).map(({ url }) => picture(url ?? "")), newest];
    try {
      await Promise.all(pictures.map((each) => each.decode()));
    } catch {
      return; // they are kept no more: the newest stands
    }
    let index = pictures.length - 1;
    const step = () => {
      index = (index + 1) % pictures.length;
      element.replaceChildren(pictures[index]);
      timer = setTimeout(step, index === pictures.length - 1 ? REST_MS : STEP_MS);
    };
    if (mine === turn) timer = setTimeout(step, REST_MS);
  }

  return {
    /**
     * @param {WatchEvent} event
     * @param {HTMLElement} beside
     */
    show(event, beside) {
      hide();
      if (!event.frame_url || !matchMedia("(pointer: fine) and (min-width: 1000px)").matches) return;
      const box = beside.getBoundingClientRect();
      const mine = turn;
      const newest = picture(event.frame_url);
      newest.addEventListener("error", () => mine === turn && hide());
      newest.addEventListener("load", () => mine === turn && element.style.setProperty("--shape", `${newest.naturalWidth} / ${newest.naturalHeight}`));
      element.replaceChildren(newest);
      element.hidden = false;
      element.style.right = `${innerWidth - box.left + 44}px`;
      element.style.top = `${Math.max(70, Math.min(box.top - 80, innerHeight - 380))}px`;
      if (event.frames.length > 1 && !matchMedia("(prefers-reduced-motion: reduce)").matches) play(event.frames, newest, mine);
    },
    hide,
  };
}
