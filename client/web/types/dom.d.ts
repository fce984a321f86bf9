// What the pages have: elements by their ids, how h() of dom.js is called, and what is loaded beside the modules. No browser loads this.

/** By id, what stands in index.html, desk.html or wall.html, or is put there by shell.js and views. */
interface Ids {
  announcer: HTMLElement;
  answer: HTMLElement;
  ask: HTMLFormElement;
  banner: HTMLElement;
  bar: HTMLElement;
  caption: HTMLElement;
  cards: HTMLElement;
  events: HTMLElement;
  "events-head": HTMLElement;
  "events-scroll": HTMLElement;
  help: HTMLDialogElement;
  "help-open": HTMLButtonElement;
  login: HTMLDialogElement;
  "no-tiles": HTMLElement;
  "panel-events": HTMLElement;
  "panel-timeline": HTMLElement;
  picture: HTMLElement;
  pill: HTMLElement;
  problem: HTMLElement;
  product: HTMLElement;
  question: HTMLTextAreaElement;
  scroll: HTMLElement;
  send: HTMLButtonElement;
  start: HTMLElement;
  strip: HTMLElement;
  "tab-events": HTMLButtonElement;
  "tab-timeline": HTMLButtonElement;
  tabs: HTMLElement;
  taps: HTMLElement;
  theme: HTMLButtonElement;
  tiles: HTMLElement;
  timeline: HTMLElement;
  under: HTMLElement;
}

type Child = Node | string | null | undefined;

/** The properties of an element, where texts may be given as numbers; what else h() understands; and attributes. */
type Props<E> = { [K in keyof E]?: (E[K] extends string ? string | number : E[K]) | null } & Extras;

interface Extras {
  class?: string;
  data?: Record<string, string>;
  t?: Words | null;
  tTitle?: Words;
  tLabel?: Words;
  for?: string;
  role?: string;
  [aria: `aria-${string}`]: string | null;
}

/** A plot of vendor/uplot, as far as it is used here. */
interface Plot {
  width: number;
  height: number;
  ctx: CanvasRenderingContext2D;
  bbox: { left: number; top: number; width: number; height: number };
  setData(data: Columns): void;
  setSize(size: { width: number; height: number }): void;
  redraw(rebuildPaths: boolean, recalcAxes: boolean): void;
  valToPos(value: number, scale: "x" | "y", canvasPixels: boolean): number;
  destroy(): void;
}

type Plotter = new (options: object, data: Columns, host: HTMLElement) => Plot;
type Columns = [number[], (number | null)[]];

interface Window {
  uPlot: Plotter;
}

// A timer that is none: browsers take null for 0.
declare function clearTimeout(id: number | null | undefined): void;
declare function clearInterval(id: number | null | undefined): void;
