// One realtime session: events in, events out. It knows the wire and nothing of the page. When its websocket breaks, it
// goes on over another one, where it was; the page does not notice.
// @ts-check

import { realtimeUrl } from "./api.js";

export const PUSH = "push:"; // the model of a session that brings its own pictures
export const PUSH_DESK = "push:desk"; // and has codes read from them

const MOST_BUFFERED = 400_000; // bytes not yet sent: beyond it pictures are dropped, never queued

const RESUME_MS = [50, 200, 500, 1000, 2000]; // between tries to come back; then the session is given up
const PINGS_UNANSWERED = 1011; // the server's close code when we seemed dead to it, as after a sleep

const CLOCK_PINGS = 4; // at the start; the shortest round trip counts
const CLOCK_EVERY_MS = 30_000; // then, since clocks drift

/**
 * @param {"user" | "assistant"} role
 * @param {string} text
 */
function said(role, text) {
  return { type: "message", role, content: [{ type: role === "user" ? "input_text" : "output_text", text }] };
}

function nowUs() {
  return Date.now() * 1000; // the clock that pictures are stamped by
}

/**
 * `heard` is called with {type, ...}: opened, delta, done, error, camera, closed.
 * One answer at a time; `ask` while another is under way is the caller's mistake.
 */
export class Session {
  /** @type {WebSocket} */
  #socket = /** @type {any} */ (null); // until #connect(), which comes at once
  #heard;
  #open = false;
  /** @type {ErrorBody | null} */
  #refusal = null; // the last error before it opened: why it never will
  /** @type {string | null} */
  #response = null; // id of the response that is ours
  #asked = false;
  #stopping = false;
  #pushes;
  /** @type {number | null} */
  #clockTimer = null;
  /** @type {string | null} */
  #camera = null; // its name on the server
  #told = false;
  #model;
  /** @type {string | null} */
  #id = null; // the server's name for the session
  /** @type {string | null} */
  #last = null; // id of the last event that came
  #tries = 0; // to come back, since it last broke
  /** @type {number | null} */
  #resumeTimer = null;
  #resuming = false;
  /** @type {number | null} */
  #missed = null; // events that are still to come of those missed
  /** @type {Wire | null} */
  #question = null; // the event that asked, until it is answered

  /**
   * @param {string} model
   * @param {(event: Heard) => void} heard
   */
  constructor(model, heard) {
    this.#heard = heard;
    this.#model = model;
    this.#pushes = model.startsWith(PUSH);
    this.#connect();
  }

  #connect() {
    this.#socket = new WebSocket(realtimeUrl(this.#model, this.#id, this.#last));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = (message) => {
      if (typeof message.data !== "string") return;
      const event = JSON.parse(message.data);
      this.#receive(event);
      this.#last = event.event_id;
      if (this.#missed !== null && (event.type === "session.resumed" || --this.#missed === 0)) this.#caughtUp();
    };
    this.#socket.onclose = (event) => this.#closed(event);
  }

  /** @param {CloseEvent} event */
  #closed({ wasClean, code, reason }) {
    const broken = !wasClean || code === PINGS_UNANSWERED;
    if (broken && this.#open && !this.#refusal && this.#tries < RESUME_MS.length) {
      this.#resuming = true;
      this.#resumeTimer = setTimeout(() => this.#connect(), RESUME_MS[this.#tries]);
      this.#tries += 1;
      return;
    }
    clearInterval(this.#clockTimer);
    const error = this.#refusal ?? (reason ? { code: "", message: reason } : null);
    this.#heard({ type: "closed", wasOpen: this.#open, error });
  }

  /** All that was missed is here: what the server does not know of never arrived. */
  #caughtUp() {
    if (this.#missed !== null && this.#missed > 0) return;
    this.#missed = null;
    if (this.#asked && this.#question && !this.#response) this.#send(this.#question);
    else if (this.#asked && this.#stopping) this.stop();
    if (this.#told) this.#heard({ type: "opened", camera: this.#camera }); // a question may wait for it
  }

  get isOpen() {
    return this.#open && this.#socket.readyState === WebSocket.OPEN;
  }

  /**
   * Ask with `earlier` [{question, text}] in mind, oldest first. The page keeps the conversation, not the server: so it
   * survives a broken line, and a refused question leaves nothing behind.
   * @param {string} text
   * @param {Answer[]} earlier
   */
  ask(text, earlier) {
    this.#asked = true;
    this.#stopping = false;
    this.#response = null;
    const input = [...earlier.flatMap(({ question, text: answer }) => [said("user", question), said("assistant", answer)]), said("user", text)];
    this.#question = { type: "response.create", response: { conversation: "none", input } };
    this.#send(this.#question);
  }

  stop() {
    this.#stopping = true; // its id comes with response.created
    if (this.#response) this.#send({ type: "response.cancel", response_id: this.#response });
  }

  /** Send one picture: `wallMs` is when it was taken. Returns false when the line is too slow and it was dropped.
   * @param {ArrayBuffer} jpeg
   * @param {number} wallMs */
  show(jpeg, wallMs) {
    if (!this.isOpen || this.#socket.bufferedAmount > MOST_BUFFERED) return false;
    const message = new Uint8Array(8 + jpeg.byteLength);
    new DataView(message.buffer).setBigUint64(0, BigInt(Math.round(wallMs * 1000)));
    message.set(new Uint8Array(jpeg), 8);
    this.#socket.send(message);
    return true;
  }

  close() {
    clearInterval(this.#clockTimer);
    clearTimeout(this.#resumeTimer);
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
  }

  /** Pictures carry this machine's clock: the server learns how far it is from its own by round trips. */
  #compareClocks() {
    const ping = () => this.#send({ type: "askcam.clock", client_us: nowUs() });
    for (let i = 0; i < CLOCK_PINGS; i += 1) setTimeout(ping, i * 150);
    this.#clockTimer = setInterval(ping, CLOCK_EVERY_MS);
  }

  /** @param {Wire} event */
  #clock({ client_us: sent, server_us: there }) {
    if (sent === undefined) return; // the server's word on what it now believes
    const now = nowUs();
    this.#send({ type: "askcam.clock", offset_us: Math.round(there - (sent + now) / 2), rtt_us: Math.max(0, now - sent) });
    this.#opened();
  }

  #opened() {
    if (this.#told) return;
    this.#told = true;
    this.#heard({ type: "opened", camera: this.#camera });
  }

  /** @param {Wire} event */
  #send(event) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  /** @param {Wire} event */
  #receive(event) {
    switch (event.type) {
      case "session.created":
        this.#open = true;
        this.#id = event.session.id;
        this.#send({
          type: "session.update",
          session: { type: "realtime", output_modalities: ["text"], askcam: { events: ["camera.state"] } },
        });
        this.#camera = event.session.askcam.camera;
        if (this.#pushes) this.#compareClocks(); // and then opened: a picture's age needs the clocks
        else this.#opened();
        break;
      case "session.resumed":
        this.#resuming = false;
        this.#tries = 0;
        this.#missed = event.missed;
        break;
      case "response.created":
        if (!this.#asked) break;
        this.#response = event.response.id;
        if (this.#stopping) this.stop();
        break;
      case "response.output_text.delta":
        if (event.response_id === this.#response) this.#heard({ type: "delta", text: event.delta });
        break;
      case "response.done":
        if (this.#asked && event.response.id === this.#response) this.#done(event.response);
        break;
      case "askcam.clock":
        this.#clock(event);
        break;
      case "camera.state":
        this.#heard({ type: "camera", camera: event.camera, state: event.state, reason: event.reason ?? null });
        break;
      case "error":
        this.#refused(event.error);
        break;
    }
  }

  /** @param {Wire} response */
  #done(response) {
    this.#asked = false;
    this.#response = null;
    if (response.status === "failed") {
      this.#heard({ type: "error", error: response.status_details?.error ?? { code: "", words: "problem.failed_text" } });
    } else {
      this.#heard({ type: "done", status: response.status, saw: response.askcam ?? null });
    }
  }

  /** @param {ErrorBody} error */
  #refused(error) {
    if (!this.#open || this.#resuming) {
      this.#refusal = error;
    } else if (this.#asked) {
      this.#asked = false;
      this.#response = null;
      this.#heard({ type: "error", error });
    }
  }
}
