// The evidence of a product: the camera's picture of that moment, and the part of it that was read.
// @ts-check

import { snapshot } from "../api.js";

const QUALITY = 0.82;

/** {picture, label}: data URLs, `whole` and `long` pixels wide at most; null each when the picture cannot be had.
 * @param {string} camera
 * @param {Product} product
 * @param {number} whole
 * @param {{ long: number, around: number }} options */
export async function pictures(camera, { corners, width, height }, whole, { long, around }) {
  try {
    if (!width || !height) return { picture: null, label: null };
    const bitmap = await createImageBitmap(await snapshot(camera));
    const scale = bitmap.width / width;
    const xs = corners.map(([x]) => x * scale);
    const ys = corners.map(([, y]) => y * scale);
    const margin = around * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
    const left = Math.max(0, Math.min(...xs) - margin);
    const top = Math.max(0, Math.min(...ys) - margin);
    const right = Math.min(bitmap.width, Math.max(...xs) + margin);
    const bottom = Math.min(height * scale, Math.max(...ys) + margin);
    return {
      picture: cut(bitmap, 0, 0, bitmap.width, bitmap.height, whole),
      label: right > left && bottom > top ? cut(bitmap, left, top, right - left, bottom - top, long) : null,
    };
  } catch {
    return { picture: null, label: null }; // the product stands without it
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @param {number} long
 */
function cut(bitmap, left, top, width, height, long) {
  const scale = Math.min(1, long / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", QUALITY);
}
