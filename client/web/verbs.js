// What a person can do here. The views call these by name; each is a few lines over the parts.
// @ts-check

import * as api from "./api.js";
import { OwnCamera, refusal } from "./camera.js";
import { createAsks } from "./asks.js";
import { createLine } from "./line.js";
import { watchServer } from "./server.js";
import { PUSH } from "./session.js";
import { MINE, chosenCamera } from "./state.js";

/**
 * `shows(CameraInfo)`: which of the server's cameras the page knows. `push`: the model that the reader's own camera is
 * asked by. `camera`: how large its pictures are, and which of a phone's (OwnCamera).
 * @param {Store<AskState>} store
 * @param {{ shows?: (camera: CameraInfo) => boolean, push?: string, camera?: { longSide?: number, facing?: string } }} [options]
 */
export function createVerbs(store, { shows, push = PUSH, camera = {} } = {}) {
  const own = new OwnCamera(() => failed("ended"), camera);
  const server = watchServer(store, shows);
  const line = createLine(store, hear, server.check);
  const asks = createAsks(store, () => line.session, () => line.reopen());

  /** @param {Partial<Mine>} patch */
  const setMine = (patch) => store.set({ mine: { ...store.get().mine, ...patch } });

  /** What is asked from here on knows nothing of what was asked before. */
  function breakConversation() {
    const { answers } = store.get();
    store.set({ since: answers.length });
  }

  /** @param {Heard} event */
  function hear(event) {
    const mine = store.get().chosen === MINE;
    if (event.type === "opened" && mine) {
      setMine({ name: event.camera });
      own.pump((jpeg, wallMs) => line.session?.show(jpeg, wallMs));
    }
    if (event.type === "closed" && mine) {
      own.unpump();
      setMine({ state: null, name: null });
    }
    if (event.type === "camera") stateOf(event, mine);
    asks.hear(event);
  }

  /**
   * @param {{ camera: string, state: CameraInfo["state"], reason: string | null }} event
   * @param {boolean} mine
   */
  function stateOf({ camera, state, reason }, mine) {
    const { cameras } = store.get();
    if (cameras.some((each) => each.name === camera)) {
      store.set({ cameras: cameras.map((each) => (each.name === camera ? { ...each, state, reason } : each)) });
    } else if (mine && camera === store.get().mine.name) {
      setMine({ state });
    }
  }

  function leaveMine() {
    own.stop();
    setMine({ phase: "off", reason: null, state: null, name: null, health: [], sample: false });
  }

  /** @param {Mine["reason"]} reason */
  function failed(reason) {
    line.want(null);
    own.stop();
    asks.end("broken", { code: "camera_unavailable", words: reason === "ended" ? "mine.ended" : "mine.not_given" });
    setMine({ phase: "failed", reason, state: null });
  }

  /** `stream`: pictures that stand for a camera's.
   * @param {string | null} [deviceId]
   * @param {MediaStream | null} [stream] */
  async function openMine(deviceId = null, stream = null) {
    asks.end("stopped");
    if (store.get().chosen !== MINE) breakConversation();
    line.want(null);
    store.set({ chosen: MINE, problem: null });
    setMine({ sample: stream !== null });
    if (!stream && !navigator.mediaDevices?.getUserMedia) return failed("insecure");
    setMine({ phase: "asking", reason: null, state: null, health: [] });
    try {
      setMine({ phase: "live", ...(await own.start(deviceId, stream)) });
    } catch (error) {
      if (store.get().chosen === MINE) failed(refusal(error));
      return;
    }
    line.want(push);
  }

  /** @param {string} name */
  function choose(name) {
    const { chosen, line: state } = store.get();
    if (name === chosen && state !== "closed") return;
    if (chosen !== null) {
      asks.end("stopped");
      breakConversation();
    }
    if (chosen === MINE) leaveMine();
    store.set({ chosen: name, problem: null });
    line.want(name);
  }

  // A refusal whose cause has gone is taken back; its question stays in the box.
  let before = { open: false, live: false };
  store.subscribe((state) => {
    const open = state.line === "open";
    const live = open && (state.chosen === MINE ? state.mine.state : chosenCamera(state)?.state) === "live";
    /** @type {Record<string, boolean>} */
    const mended = { offline: open && !before.open, model_loading: open && !before.open, camera_unavailable: live && !before.live };
    before = { open, live };
    if (mended[state.problem?.code ?? ""]) store.set({ problem: null });
  });

  // The first camera is chosen by itself, a live one by preference.
  store.subscribe(({ chosen, cameras, server: there }) => {
    if (chosen !== null || there !== "ready" || cameras.length === 0) return;
    const named = cameras.find((camera) => camera.name === decodeURIComponent(location.hash.slice(1)));
    choose((named ?? cameras.find((camera) => camera.state === "live") ?? cameras[0]).name);
  });

  return {
    own,
    choose,
    mine: () => openMine(),
    sample: (/** @type {MediaStream} */ stream) => openMine(null, stream),
    ask: asks.ask,
    stop: asks.stop,

    /** The server camera that was there before one's own. */
    back() {
      const { cameras } = store.get();
      asks.end("stopped");
      breakConversation();
      leaveMine();
      store.set({ chosen: null });
      line.want(null);
      if (cameras.length) choose(cameras[0].name);
    },

    async otherDevice() {
      openMine(await own.next());
    },

    /** @param {Answer} [answer] */
    again(answer) {
      asks.ask((answer ?? store.get().answers.at(-1))?.question ?? "");
    },

    newConversation() {
      asks.end("stopped");
      breakConversation();
      store.set({ problem: null });
    },

    /** Forget all questions and answers of this tab. */
    forget() {
      asks.end("stopped");
      store.set({ answers: [], since: 0, problem: null });
    },

    retry() {
      server.check();
      line.retry();
    },

    /** Throws ApiProblem when the token is refused.
     * @param {string} token */
    async login(token) {
      await api.login(token);
      server.check();
    },
  };
}
