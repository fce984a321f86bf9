// Polygons over a camera's picture, in shares of it: how one begins, changes, and is written into askcam.toml. Pure.
// @ts-check

const LEAST = 3; // points
const MOST = 32;
export const MOST_MASKS = 16;
export const MOST_ZONES = 8;
const BEGINS = [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]];

/** @param {number} value */
function share(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}

/** A rectangle in the middle, to be moved.
 * @returns {Polygon} */
export function fresh() {
  return BEGINS.map(([x, y]) => [x, y]);
}

/** One point elsewhere, as far as the picture goes.
 * @param {Polygon} polygon
 * @param {number} index
 * @param {number} x
 * @param {number} y
 * @returns {Polygon} */
export function moved(polygon, index, x, y) {
  return polygon.map((point, each) => (each === index ? [share(x), share(y)] : point));
}

/** One more, half way to the next; the same where there are as many as there may be.
 * @param {Polygon} polygon
 * @param {number} index
 * @returns {Polygon} */
export function withPoint(polygon, index) {
  if (polygon.length >= MOST) return polygon;
  const [[x, y], [nextX, nextY]] = [polygon[index], polygon[(index + 1) % polygon.length]];
  return [...polygon.slice(0, index + 1), [share((x + nextX) / 2), share((y + nextY) / 2)], ...polygon.slice(index + 1)];
}

/** One less; the same where a polygon would not be left.
 * @param {Polygon} polygon
 * @param {number} index
 * @returns {Polygon} */
export function without(polygon, index) {
  return polygon.length <= LEAST ? polygon : polygon.filter((_, each) => each !== index);
}

/** A name for a zone that is not among `taken`.
 * @param {string[]} taken */
export function nameForZone(taken) {
  for (let number = 1; ; number += 1) if (!taken.includes(`zone-${number}`)) return `zone-${number}`;
}

/** For clip-path.
 * @param {Polygon} polygon */
export function clipPath(polygon) {
  return `polygon(${polygon.map(([x, y]) => `${100 * x}% ${100 * y}%`).join(", ")})`;
}

/** What askcam.toml says of them.
 * @param {string} camera
 * @param {Polygon[]} masks
 * @param {Record<string, Polygon>} zones */
export function toToml(camera, masks, zones) {
  const written = (/** @type {Polygon} */ polygon) => `[${polygon.map(([x, y]) => `[${x}, ${y}]`).join(", ")}]`;
  const lines = [`[cameras.${camera}]`, `masks = [${masks.map((mask) => `\n    ${written(mask)},`).join("")}${masks.length ? "\n" : ""}]`];
  for (const [name, polygon] of Object.entries(zones)) lines.push("", `[cameras.${camera}.zones.${name}]`, `polygon = ${written(polygon)}`);
  return `${lines.join("\n")}\n`;
}
