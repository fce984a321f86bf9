// A product to try the desk with: drawn, held up by nobody, and shown to the server as a camera's pictures.
// @ts-check

export const SAMPLE = "2012345678903"; // an EAN-13 from the range that is nobody's: each shop may use it for itself

const WIDTH = 1280;
const HEIGHT = 720;
const FPS = 10;
const MODULE = 4; // pixels of the thinnest bar
const LEFT = ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"];
const PARITY = ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"];

/** The bars of an EAN-13, 95 modules: "1" is black.
 * @param {string} digits */
export function bars(digits) {
  /** @param {string} digit */
  const right = (digit) => [...LEFT[Number(digit)]].map((bit) => (bit === "1" ? "0" : "1")).join("");
  /** @type {(digit: string, kind: string) => string} */
  const coded = (digit, kind) => (kind === "L" ? LEFT[Number(digit)] : [...right(digit)].reverse().join(""));
  const first = [...digits.slice(1, 7)].map((digit, index) => coded(digit, PARITY[Number(digits[0])][index]));
  return `101${first.join("")}01010${[...digits.slice(7)].map(right).join("")}101`;
}

/** A MediaStream of it, and what ends it: {stream, stop}. */
export function sampleStream() {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  const began = performance.now();
  const draw = () => paint(context, (performance.now() - began) / 1000);
  draw();
  const stream = canvas.captureStream(FPS);
  const timer = setInterval(draw, 1000 / FPS);
  return { stream, stop: () => clearInterval(timer) };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} seconds
 */
function paint(context, seconds) {
  const sway = 3 * Math.sin(seconds * 1.1);
  const ground = context.createLinearGradient(0, 0, 0, HEIGHT);
  ground.addColorStop(0, "#dfe3e9");
  ground.addColorStop(1, "#c3c9d2");
  context.fillStyle = ground;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.save();
  context.translate(WIDTH / 2 + sway, HEIGHT / 2 + sway / 2);
  context.fillStyle = "rgb(20 25 35 / 22%)";
  context.fillRect(-388, -218, 800, 460);
  context.fillStyle = "#1f6f54";
  context.fillRect(-400, -230, 800, 460);
  context.fillStyle = "#f4efe2";
  context.fillRect(-370, -200, 250, 400);
  context.fillStyle = "#1f6f54";
  context.font = "bold 64px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText("TEA", -245, -40);
  context.font = "26px system-ui, sans-serif";
  context.fillText("sample · 样品", -245, 10);
  for (const [x, y] of [[-285, 90], [-245, 70], [-205, 90]]) leaf(context, x, y);
  label(context, -70, -150);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
function leaf(context, x, y) {
  context.beginPath();
  context.ellipse(x, y, 34, 13, -0.9, 0, 7);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} left
 * @param {number} top
 */
function label(context, left, top) {
  context.fillStyle = "#ffffff";
  context.fillRect(left, top, 95 * MODULE + 70, 300);
  context.fillStyle = "#000000";
  [...bars(SAMPLE)].forEach((bit, index) => {
    if (bit === "1") context.fillRect(left + 35 + index * MODULE, top + 30, MODULE, 210);
  });
  context.font = "30px ui-monospace, monospace";
  context.fillText(SAMPLE, left + 35 + (95 * MODULE) / 2, top + 278);
}
