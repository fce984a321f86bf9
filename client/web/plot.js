// Probabilities as a line over time, drawn by uPlot (vendor/uplot), which is loaded when the first line is wanted.
// @ts-check

const VENDOR = new URL("./vendor/uplot/", import.meta.url).href;
const LEAST_GAP_S = 15; // between readings that are joined, at least

const AGAIN_MS = 2000; // until it is loaded again, when the server was away

/** @type {Promise<Plotter> | null} */
let loading = null;

/** uPlot itself, however long the server is away. */
export function plotter() {
  loading ??= load();
  return loading;
}

async function load() {
  while (!(await added("script", { src: `${VENDOR}uPlot.iife.min.js` }) && await added("link", { rel: "stylesheet", href: `${VENDOR}uPlot.min.css` }))) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return window.uPlot;
}

/** Whether what an element of the head names could be had.
 * @param {string} tag
 * @param {Record<string, string>} attributes */
function added(tag, attributes) {
  return new Promise((resolve) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.addEventListener("load", () => resolve(true));
    element.addEventListener("error", () => {
      element.remove();
      resolve(false);
    });
    document.head.append(element);
  });
}

/** A colour of theme.css, as the page shows it now: a canvas knows nothing of variables.
 * @param {HTMLElement} host
 * @param {string} name */
export function ink(host, name) {
  if (!inks.has(name)) {
    const before = host.style.color;
    host.style.color = `var(--${name})`;
    inks.set(name, getComputedStyle(host).color);
    host.style.color = before;
  }
  return inks.get(name);
}

const inks = new Map(); // colours by name, of the present theme
const themed = new Set(); // plots that are drawn anew when it changes
function repaint() {
  inks.clear();
  for (const plot of themed) plot.paint();
}
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

/** Seconds and values of readings [{at, probability}], broken where none was had for three turns of `everyS`.
 * @param {Reading[]} readings
 * @param {number} everyS
 * @returns {Columns} */
export function columns(readings, everyS) {
  /** @type {number[]} */
  const times = [];
  /** @type {(number | null)[]} */
  const values = [];
  const gap = Math.max(LEAST_GAP_S, 3 * everyS);
  for (const { at, probability } of readings) {
    const time = Date.parse(at) / 1000;
    const before = times.at(-1) ?? time;
    if (time - before > gap) {
      times.push((time + before) / 2);
      values.push(null);
    }
    times.push(time);
    values.push(probability);
  }
  return [times, values];
}

/**
 * A line in `host`. `axes`: with times and shares beside it; without, it is a small one. `clock(ms)` says times.
 * show() may be called before uPlot is there.
 */
export class Line {
  #host;
  #options;
  /** @type {Plot | null} */
  #plot = null;
  /** @type {Shown} */
  #shown = { data: [[], []], from: 0, to: 1, on: null, off: null, mark: null };
  #over = false;
  #sizes;

  /**
   * @param {HTMLElement} host
   * @param {{ axes?: boolean, clock?: ((ms: number) => string) | null }} [options]
   */
  constructor(host, { axes = false, clock = null } = {}) {
    this.#host = host;
    this.#options = { axes, clock };
    this.#sizes = new ResizeObserver(() => this.#fit());
    themed.add(this);
    plotter().then((uPlot) => this.#begin(uPlot));
  }

  /** `data` of columns(), from and to in seconds; thresholds `on` and `off`, and a moment `mark`, where there are any.
   * @param {Partial<Shown>} what */
  show(what) {
    this.#shown = { ...this.#shown, ...what };
    this.#plot?.setData(this.#shown.data);
  }

  /** With the theme's colours as they are now. */
  paint() {
    if (this.#plot) this.#plot.redraw(false, true);
  }

  end() {
    this.#over = true;
    themed.delete(this);
    this.#sizes.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** @param {Plotter} uPlot */
  #begin(uPlot) {
    if (this.#over) return;
    const { axes, clock } = this.#options;
    /** @param {string} name */
    const colour = (name) => () => ink(this.#host, name);
    /** @type {(words: (value: number) => string) => (plot: Plot, splits: number[]) => string[]} */
    const each = (words) => (_, splits) => splits.map(words);
    const em = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // the reader's size of text
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: `${12 * em}px system-ui, sans-serif` };
    this.#plot = new uPlot({
      width: Math.max(20, this.#host.clientWidth),
      height: Math.max(16, this.#host.clientHeight),
      legend: { show: false },
      cursor: { show: false },
      padding: axes ? [8, 12, 0, 0] : [3, 3, 3, 1],
      scales: { x: { time: false, range: () => [this.#shown.from, this.#shown.to] }, y: { range: () => [-0.04, 1.04] } }, // so that a line at 0 or 1 is seen
      axes: axes
        ? [{ ...axis, space: 70 * em, size: 26 * em, values: each((s) => (clock ? clock(s * 1000) : String(s))) },
          { ...axis, size: 42 * em, incrs: [0.25, 0.5], values: each((s) => s.toFixed(2)) }]
        : [{ show: false }, { show: false }],
      series: [{}, { stroke: colour("accent"), width: axes ? 2 : 1.5, points: { show: axes, size: 4, stroke: colour("accent"), fill: colour("accent") }, spanGaps: false }],
      hooks: { drawClear: [(/** @type {Plot} */ plot) => this.#rules(plot)] },
    }, this.#shown.data, this.#host);
    this.#sizes.observe(this.#host);
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#plot && width && height && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height });
  }

  /** @param {Plot} plot */
  #rules(plot) {
    const { ctx, bbox } = plot;
    const { on, off, mark } = this.#shown;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    for (const { value, name } of [{ value: on, name: "bad" }, { value: off, name: "good" }]) {
      if (value === null) continue;
      const y = Math.round(plot.valToPos(value, "y", true)) + 0.5;
      this.#rule(ctx, name, [bbox.left, y, bbox.left + bbox.width, y]);
    }
    if (mark !== null) {
      const x = Math.round(plot.valToPos(mark, "x", true)) + 0.5;
      this.#rule(ctx, "text", [x, bbox.top, x, bbox.top + bbox.height]);
    }
    ctx.restore();
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {string} name
   * @param {number[]} ends
   */
  #rule(ctx, name, [x0, y0, x1, y1]) {
    ctx.strokeStyle = ink(this.#host, name);
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  }
}
