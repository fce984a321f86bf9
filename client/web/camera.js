// The reader's own camera: permission, stream, and pictures for the model.
// What the reader sees is mirrored (by CSS); the pictures taken here are not, so that writing can be read.
// @ts-check

const LONG_SIDE = 640; // pixels; the server fits it to the model's own size
const FACING = "user"; // on a phone, the camera that looks at the reader
const QUALITY = 0.8;
const EVERY_MS = 250; // four pictures a second

/** Why getUserMedia refused, as one of: insecure, denied, none, busy, failed.
 * @param {any} error */
export function refusal(error) {
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

export class OwnCamera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {number | null} */
  #timer = null;
  #encoding = false;
  #last = 0;
  #generation = 0; // a start that was overtaken by stop() ends its stream

  /** @type {OffscreenCanvas | HTMLCanvasElement | undefined} */
  canvas;
  /** @type {any} */
  context; // of the one or the other

  /** `ended` is called when the device goes away by itself; `longSide` in pixels, of the pictures that are handed on.
   * @param {() => void} ended
   * @param {{ longSide?: number, facing?: string }} [options] */
  constructor(ended, { longSide = LONG_SIDE, facing = FACING } = {}) {
    this.ended = ended;
    this.longSide = longSide;
    this.facing = facing;
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true, autoplay: true });
  }

  /**
   * Ask for the camera and show it in `video`, or a `stream` that is there already. Returns {width, height, facing,
   * several}; throws getUserMedia's error.
   * @param {string | null} [deviceId]
   * @param {MediaStream | null} [given]
   */
  async start(deviceId = null, given = null) {
    this.stop();
    const generation = this.#generation;
    const choice = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: this.facing };
    const wanted = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25 }, ...choice };
    const stream = given ?? await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    if (generation !== this.#generation) {
      for (const track of stream.getTracks()) track.stop();
      throw new DOMException("stopped", "AbortError");
    }
    this.#stream = stream;
    const track = stream.getVideoTracks()[0];
    track.onended = () => this.ended();
    this.video.srcObject = stream;
    await this.video.play();
    const { deviceId: id, facingMode } = track.getSettings();
    this.deviceId = id;
    return {
      width: this.video.videoWidth,
      height: this.video.videoHeight,
      facing: facingMode ?? "user",
      several: !given && (await this.#devices()).length > 1,
    };
  }

  /** The device after the present one. */
  async next() {
    const devices = await this.#devices();
    const index = devices.findIndex((device) => device.deviceId === this.deviceId);
    return devices[(index + 1) % devices.length]?.deviceId ?? null;
  }

  async #devices() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  }

  /** Hand pictures to `show(jpeg, wallMs)` until stop(); it may refuse any of them.
   * @param {(jpeg: ArrayBuffer, wallMs: number) => void} show */
  pump(show) {
    this.unpump();
    if (this.video.requestVideoFrameCallback) {
      /** @type {VideoFrameRequestCallback} */
      const take = (now, frame) => {
        this.#timer = this.video.requestVideoFrameCallback(take);
        this.#take(show, frame.captureTime ?? now);
      };
      this.#timer = this.video.requestVideoFrameCallback(take);
    } else {
      this.#timer = setInterval(() => this.#take(show, performance.now()), EVERY_MS / 2);
    }
  }

  unpump() {
    if (this.#timer === null) return;
    if (this.video.cancelVideoFrameCallback) this.video.cancelVideoFrameCallback(this.#timer);
    else clearInterval(this.#timer);
    this.#timer = null;
  }

  /**
   * @param {(jpeg: ArrayBuffer, wallMs: number) => void} show
   * @param {number} captured
   */
  async #take(show, captured) {
    const now = performance.now();
    const { videoWidth, videoHeight } = this.video;
    if (this.#encoding || now - this.#last < EVERY_MS - 15 || !videoWidth) return;
    this.#encoding = true;
    this.#last = now;
    const wallMs = Date.now() - (performance.now() - Math.min(captured, now));
    try {
      const scale = Math.min(1, this.longSide / Math.max(videoWidth, videoHeight));
      const blob = await this.#jpeg(Math.round(videoWidth * scale), Math.round(videoHeight * scale));
      if (this.#stream) show(await blob.arrayBuffer(), wallMs);
    } finally {
      this.#encoding = false;
    }
  }

  /**
   * @param {number} width
   * @param {number} height
   * @returns {Promise<Blob>}
   */
  #jpeg(width, height) {
    if (this.canvas?.width !== width || this.canvas.height !== height) {
      this.canvas = window.OffscreenCanvas
        ? new OffscreenCanvas(width, height)
        : Object.assign(document.createElement("canvas"), { width, height });
      this.context = /** @type {any} */ (this.canvas).getContext("2d", { alpha: false });
    }
    const { canvas } = this;
    this.context.drawImage(this.video, 0, 0, width, height);
    if ("convertToBlob" in canvas) return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return new Promise((done) => canvas.toBlob((blob) => done(/** @type {Blob} */ (blob)), "image/jpeg", QUALITY));
  }

  /** Let go of the camera: its light goes out. */
  stop() {
    this.#generation += 1;
    this.unpump();
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
    this.video.srcObject = null;
  }
}
