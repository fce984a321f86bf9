// The server over HTTP. Every failure is an ApiProblem: `code` "offline" when nobody answered at all.
// @ts-check

import { Messages } from "./sse.js";

const PATIENCE_MS = 5000;

export class ApiProblem extends Error {
  /** `param` is the field that is at fault, where the server names one.
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {string | null} [param] */
  constructor(status, code, message, param = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    throw new ApiProblem(0, "offline", "the server does not answer");
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  const error = body.error ?? {};
  throw new ApiProblem(response.status, error.code ?? "", error.message ?? response.statusText, error.param ?? null);
}

/** The body of an answer. A line may break in the middle of it.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>} */
export async function read(path, options = {}) {
  const response = await call(path, options);
  try {
    return await response.json();
  } catch {
    throw new ApiProblem(0, "offline", "the server's answer broke off");
  }
}

/** Send `body` as JSON; the answer's body, or null where it has none. `patienceMs` is how long to wait for it.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {{ signal?: AbortSignal, patienceMs?: number }} [options]
 * @returns {Promise<any>} */
export async function send(method, path, body = undefined, { signal, patienceMs = PATIENCE_MS } = {}) {
  const patience = AbortSignal.timeout(patienceMs);
  const options = { method, signal: signal ? AbortSignal.any([signal, patience]) : patience };
  if (body !== undefined) Object.assign(options, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return method === "DELETE" ? void await call(path, options) : read(path, options);
}

/** Send `body` as JSON; what comes back piece by piece, as server-sent events whose data is JSON, until "[DONE]" or the
 * stream's end. An error among them is thrown.
 * @param {string} path
 * @param {object} body
 * @param {{ signal: AbortSignal, patienceMs: number }} options
 * @returns {AsyncGenerator<any>} */
export async function* sendAndFollow(path, body, { signal, patienceMs }) {
  const response = await call(path, {
    method: "POST", signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    headers: { "content-type": "application/json", accept: "text/event-stream" }, body: JSON.stringify(body) });
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const messages = new Messages();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => { throw new ApiProblem(0, "offline", "the server's answer broke off"); });
      if (done) return;
      for (const { data } of messages.feed(value)) {
        if (data === "[DONE]") return;
        const said = JSON.parse(data);
        if (said.error) throw new ApiProblem(response.status, said.error.code ?? "", said.error.message, said.error.param ?? null);
        yield said;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it is over already
  }
}

/** CameraInfo of every public camera, in order.
 * @returns {Promise<CameraInfo[]>} */
export async function cameras() {
  return (await read("v1/cameras")).data;
}

/** CameraInfo of one, private ones too.
 * @param {string} name
 * @returns {Promise<CameraInfo>} */
export async function camera(name) {
  return read(`v1/cameras/${encodeURIComponent(name)}`);
}

/** DeskInfo: what a product desk reads, knows, and would have one do.
 * @param {string} name
 * @returns {Promise<DeskInfo>} */
export async function desk(name) {
  return read(`v1/cameras/${encodeURIComponent(name)}/desk`);
}

/** The camera's picture of now, as a Blob.
 * @param {string} name */
export async function snapshot(name) {
  return (await call(`v1/cameras/${encodeURIComponent(name)}/snapshot.jpg`)).blob();
}

/** {id, backend, note} of the model that answers, as far as the server says it.
 * @returns {Promise<NonNullable<SharedState["model"]>>} */
export async function model() {
  /** @type {{ data: { id: string, askcam?: any }[] }} */
  const { data } = await read("v1/models");
  const found = /** @type {{ askcam?: any }} */ (data.find((each) => each.id === "askcam"));
  const { model: id, backend, note } = found.askcam;
  return { id, backend: backend ?? "", note: note ?? "" };
}

/** null when questions may be asked, else {what, share 0..1} of the loading.
 * @returns {Promise<Loading | null>} */
export async function loading() {
  let response;
  try {
    response = await fetch("readyz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ApiProblem(0, "offline", "the server does not answer");
  }
  if (response.ok) return null;
  const body = await response.json().catch(() => ({}));
  return { what: body.what ?? "starting", share: body.share ?? 0, failed: Boolean(body.failed) };
}

/** StoredAnswer: what an answer was, with its frames' times.
 * @param {string} id
 * @returns {Promise<StoredAnswer>} */
export async function answer(id) {
  return read(`v1/answers/${encodeURIComponent(id)}`);
}

/** Exchange a token for the page's cookie.
 * @param {string} token */
export async function login(token) {
  await call("v1/session", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
}

/**
 * @param {string} answerId
 * @param {number} index
 */
export function frameUrl(answerId, index) {
  return `v1/answers/${encodeURIComponent(answerId)}/frames/${index}.jpg`;
}

/** A new address each time: a browser would otherwise go on with the picture stream that broke off.
 * @param {string} name */
export function liveUrl(name) {
  return `v1/cameras/${encodeURIComponent(name)}/live.mjpeg?t=${Date.now()}`;
}

/** The realtime websocket of a camera, or "push:" for the reader's own; or back to `session`, behind the event `after`.
 * @param {string} model
 * @param {string | null} [session]
 * @param {string | null} [after] */
export function realtimeUrl(model, session = null, after = null) {
  const url = new URL("v1/realtime", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("model", model);
  if (session) url.searchParams.set("session", session);
  if (after) url.searchParams.set("after", after);
  return url.href;
}
