// The events as they come: one stream, opened again behind the last event that was heard, for as long as the page lives.
// An EventSource does so too, but can't be told where to begin, nor when it is dead.
// @ts-check

import { Messages } from "../sse.js";

const BACKOFF_MS = [300, 1000, 2000, 4000, 8000];
const SILENT_MS = 40_000; // the server says something every 15 s

/** `heard({name, data})` gets messages, `told(state, retryAt)` how the stream is: opening, open, broken.
 * @param {{ heard: (message: { name: string, data: any }) => void, told: (state: StreamState, retryAt: number | null) => void }} options */
export function createStream({ heard, told }) {
  /** @type {string | null} */
  let last = null; // where the stream goes on: what its last message told as its id
  let failures = 0;
  /** @type {number | null} */
  let timer = null;
  /** @type {AbortController | null} */
  let abort = null;

  async function open() {
    clearTimeout(timer);
    timer = null;
    const mine = new AbortController();
    abort = mine;
    told("opening", null);
    try {
      await follow(mine);
    } catch (error) {
      if (error instanceof SyntaxError) console.error(error);
    }
    if (abort !== mine) return; // another one has been opened instead
    abort = null;
    const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    failures += 1;
    told("broken", Date.now() + wait);
    timer = setTimeout(open, wait);
  }

  /** @param {AbortController} mine */
  async function follow(mine) {
    let silence = setTimeout(() => mine.abort(), SILENT_MS);
    try {
      const response = await fetch("v1/events", {
        headers: { accept: "text/event-stream", "last-event-id": last ?? "" }, cache: "no-store", signal: mine.signal });
      if (!response.ok || !response.body) return void (await response.body?.cancel());
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const messages = new Messages();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => mine.abort(), SILENT_MS);
        if (failures !== -1) told("open", null);
        failures = 0;
        for (const message of messages.feed(value)) take(message);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  /** @param {Message} message */
  function take({ name, id, data }) {
    const event = JSON.parse(data);
    if (id !== null) last = id;
    else if (name === "gone") last = String(event.last_missed);
    heard({ name, data: event });
  }

  return {
    /** Begin behind the event `after`.
     * @param {number} after */
    begin(after) {
      last = String(after);
      if (abort === null && timer === null) open();
    },
    /** Now, if it waits to be tried again. */
    retry() {
      if (timer !== null) open();
    },
  };
}
