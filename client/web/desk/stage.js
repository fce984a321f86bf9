// On the desk's picture: the box to aim at, the code that was read, and what would help, large.
// @ts-check

import { byId, h, setText, whenChanged } from "../dom.js";
import { deskNotice, hint } from "./guidance.js";
import { SEEN_MS } from "./product.js";

const SVG = "http://www.w3.org/2000/svg";
const AIM = { width: 0.62, height: 0.7, arm: 0.1 }; // of the picture; how long its corners' arms are

/** @param {Store<DeskState>} store */
export function stage(store) {
  const box = byId("picture");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "aim");
  drawing.setAttribute("aria-hidden", "true");
  const corners = document.createElementNS(SVG, "path");
  const outline = document.createElementNS(SVG, "polygon");
  drawing.append(corners, outline);
  const band = h("p", { class: "hint", role: "status", hidden: true });
  /** @type {Element} */ (box.querySelector(".veil")).before(drawing, band);

  /** @param {{ width: number, height: number, codes: DeskCode[] }} desk */
  function draw({ width, height, codes }) {
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`); // and so it lies on the picture as that is fitted
    corners.setAttribute("d", aim(width, height));
    const read = codes.find(({ verified, age_ms: old }) => verified && old < SEEN_MS);
    outline.setAttribute("points", read ? read.corners.map((point) => point.join(",")).join(" ") : "");
  }

  /** @type {Render<DeskState>} */
  const drawn = whenChanged(({ desk }) => desk && [desk.width, desk.codes], ({ desk }) => {
    if (desk?.width && desk.height) draw({ ...desk, width: desk.width, height: desk.height });
  });
  store.subscribe((state) => {
    const shown = state.desk?.width && !deskNotice(state);
    drawing.classList.toggle("off", !shown);
    drawn(state);
    const told = hint(state);
    band.hidden = !told;
    if (!told) return;
    band.dataset.tone = told.tone;
    setText(band, told.text);
  });
}

/**
 * @param {number} width
 * @param {number} height
 */
function aim(width, height) {
  const [left, top] = [(width * (1 - AIM.width)) / 2, (height * (1 - AIM.height)) / 2];
  const [right, bottom, arm] = [width - left, height - top, AIM.arm * height];
  return [[left, top, 1, 1], [right, top, -1, 1], [right, bottom, -1, -1], [left, bottom, 1, -1]]
    .map(([x, y, dx, dy]) => `M${x + dx * arm} ${y}H${x}V${y + dy * arm}`).join("");
}
