// The server over HTTP. Every failure is an ApiProblem: `code` "offline" when nobody answered at all.

const PATIENCE_MS = 5000;

export class ApiProblem extends Error {
  /** `param` is the field that is at fault, where the server names one. */
  constructor(status, code, message, param = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

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

/** The body of an answer. A line may break in the middle of it. */
export async function read(path, options = {}) {
  const response = await call(path, options);
  try {
    return await response.json();
  } catch {
    throw new ApiProblem(0, "offline", "the server's answer broke off");
  }
}

/** Send `body` as JSON; the answer's body, or null where it has none. `patienceMs` is how long to wait for it. */
export async function send(method, path, body = undefined, { signal, patienceMs = PATIENCE_MS } = {}) {
  const patience = AbortSignal.timeout(patienceMs);
  const options = { method, signal: signal ? AbortSignal.any([signal, patience]) : patience };
  if (body !== undefined) Object.assign(options, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return method === "DELETE" ? void await call(path, options) : read(path, options);
}

/** CameraInfo of every public camera, in order. */
export async function cameras() {
  return (await read("v1/cameras")).data;
}

/** CameraInfo of one, private ones too. */
export async function camera(name) {
  return read(`v1/cameras/${encodeURIComponent(name)}`);
}

/** DeskInfo: what a product desk reads, knows, and would have one do. */
export async function desk(name) {
  return read(`v1/cameras/${encodeURIComponent(name)}/desk`);
}

/** The camera's picture of now, as a Blob. */
export async function snapshot(name) {
  return (await call(`v1/cameras/${encodeURIComponent(name)}/snapshot.jpg`)).blob();
}

/** {id, backend, note} of the model that answers, as far as the server says it. */
export async function model() {
  const { data } = await read("v1/models");
  const { model: id, backend, note } = data.find((each) => each.id === "askcam").askcam;
  return { id, backend: backend ?? "", note: note ?? "" };
}

/** null when questions may be asked, else {what, share 0..1} of the loading. */
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

/** StoredAnswer: what an answer was, with its frames' times. */
export async function answer(id) {
  return read(`v1/answers/${encodeURIComponent(id)}`);
}

/** Exchange a token for the page's cookie. */
export async function login(token) {
  await call("v1/session", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
}

export function frameUrl(answerId, index) {
  return `v1/answers/${encodeURIComponent(answerId)}/frames/${index}.jpg`;
}

/** A new address each time: a browser would otherwise go on with the picture stream that broke off. */
export function liveUrl(name) {
  return `v1/cameras/${encodeURIComponent(name)}/live.mjpeg?t=${Date.now()}`;
}

/** The realtime websocket of a camera, or "push:" for the reader's own; or back to `session`, behind the event `after`. */
export function realtimeUrl(model, session = null, after = null) {
  const url = new URL("v1/realtime", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("model", model);
  if (session) url.searchParams.set("session", session);
  if (after) url.searchParams.set("after", after);
  return url.href;
}
