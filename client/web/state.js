// The one store of a page. Everything shown is a function of this state; only the page's verbs and their parts change it.
// @ts-check

export const HISTORY = 50; // answers kept, oldest dropped

/** What every page's state has.
 * @type {SharedState} */
export const SHARED = {
  server: "unknown", // unknown | loading | ready | gone | locked
  serverSince: 0, // ms since epoch of that change
  loading: null, // {what, share} while the model is being loaded
  refusal: null, // what a server that is "gone" said, when it did answer
  retryAt: null, // ms since epoch: when a server that is gone is tried again
  line: "closed", // realtime websocket: closed | opening | open
  lineProblem: null, // why it is not opened again by itself: {code, message}
  cameras: [], // CameraInfo of GET /v1/cameras
  chosen: null, // a camera's name, or MINE
  model: null, // {id, backend, note}
  firstWordMs: null, // of the last answer
  mine: { phase: "off", reason: null, state: null, name: null, health: [], width: 0, height: 0, facing: "user", several: false, sample: false },
};

/** The state of the page *Ask*.
 * @type {AskState} */
export const INITIAL = {
  ...SHARED,
  pictureFailed: false, // the live picture of the chosen camera was refused
  answers: [], // oldest first
  current: null, // id of the answer that is waited for
  problem: null, // {code, message, question} of the last question, when it was refused
  since: 0, // answers from this index on belong to the present conversation
};

/** The state of the page *Desk*.
 * @type {DeskState} */
export const DESK = {
  ...INITIAL,
  desk: null, // DeskInfo of the chosen camera, as it was read last
  held: null, // the product on the card: desk/product.js has its shape
  items: [], // those that were accepted, oldest first
  past: [], // what `items` was before its last changes, for undoing them
};

export const MINE = "(mine)"; // no server camera can be called so

/**
 * @template S
 * @param {S} initial
 * @returns {Store<S>}
 */
export function createStore(initial) {
  let state = initial;
  let told = true;
  /** @type {Set<(state: S) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    set(patch) {
      state = { ...state, ...patch };
      if (!told) return;
      told = false;
      queueMicrotask(() => {
        told = true;
        for (const listener of listeners) listener(state);
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(state);
    },
  };
}

/** The server's entry for the chosen camera; undefined for one's own and for one that is gone.
 * @param {SharedState} state */
export function chosenCamera(state) {
  return state.cameras.find((camera) => camera.name === state.chosen);
}

/** The answer that is being waited for or streamed.
 * @param {AskState} state */
export function currentAnswer(state) {
  return state.answers.find((answer) => answer.id === state.current);
}
