// The types that the pages' modules share, for their checkers and for editors: no browser loads this. wire.d.ts has the server's.

/** A key of the words, a plural's without its form; those of families are put together. */
type Words = WithoutForm<keyof typeof import("../locales/en.json") | keyof typeof import("../desk/locales/en.json") | keyof typeof import("../wall/locales/en.json") | keyof typeof import("../watch/locales/en.json")> | `${"state" | "mine" | "problem" | "health" | "stands" | "happened"}.${string}`;

type WithoutForm<K extends string> = K extends `${infer Key}_${"one" | "other"}` ? Key : K;

/** What a `<dot>` and the rest of a notice look like. */
type Tone = "wait" | "warn" | "bad";

interface SharedState {
  server: "unknown" | "loading" | "ready" | "gone" | "locked";
  serverSince: number;
  loading: Loading | null;
  refusal: string | null;
  retryAt: number | null;
  line: "closed" | "opening" | "open";
  lineProblem: Problem | null;
  cameras: CameraInfo[];
  chosen: string | null;
  model: { id: string; backend: string; note: string } | null;
  firstWordMs: number | null;
  mine: Mine;
}

/** The reader's own camera. */
interface Mine {
  phase: "off" | "asking" | "live" | "failed";
  reason: "insecure" | "denied" | "none" | "busy" | "failed" | "ended" | null;
  state: CameraInfo["state"] | null;
  name: string | null;
  health: string[];
  width: number;
  height: number;
  facing: string;
  several: boolean;
  sample: boolean;
}

interface AskState extends SharedState {
  pictureFailed: boolean;
  answers: Answer[];
  current: number | null;
  problem: (Problem & { question: string }) | null;
  since: number;
}

interface DeskState extends AskState {
  desk: DeskInfo | null;
  held: Held | null;
  items: Item[];
  past: Item[][];
}

interface WallState extends SharedState {
  role: Role;
  watches: WatchInfo[] | null;
  feed: "loading" | "ready" | "failed";
  feedWhy: string;
  events: WatchEvent[];
  older: boolean;
  fresh: WatchEvent[];
  stream: StreamState;
  streamRetryAt: number | null;
  missed: Missed | null;
  filters: Filters;
  picked: number[];
  undo: Undo | null;
  asked: Asked | null;
  tab: "events" | "timeline";
  search: Search;
}

type Role = "admin" | "watcher" | "viewer" | null;
type Verdict = WatchEvent["verdict"];
/** The last thing that was said about events: whether some are reviewed, or what one of them was judged, and what before. */
type Undo = { ids: number[]; acknowledged: boolean } | { judged: number; verdict: Verdict; before: Pick<WatchEvent, "verdict" | "note"> };
type StreamState = "closed" | "opening" | "open" | "broken";
type Missed = { first_missed: number; last_missed: number };
type Filters = { unreviewed: boolean; severity: string; watch: string; camera: string };
type Wish = { query: string; camera: string; since: string | null; until: string | null };
type Search = { phase: "idle" | "busy" | "done" | "off" | "failed"; entries: TimelineEntry[]; more: boolean; why: string; wanted: Wish | null };
type AskEvent =
  | { type: "camera.answered"; answer: CameraAnswer }
  | { type: "text.delta"; text: string }
  | { type: "done"; reply: { text: string; made_by: "model" | "listing" | "probabilities"; askcam: Saw } };
type WallAnswer = { phase: "waiting" | "done" | "refused"; text: string; saw: Saw | null; problem: Problem | null; probability: number | null };

/** A question to all cameras. `shown`: the cameras that show what was looked for, where one was asked which do. */
type Asked = { id: number; question: string; running: boolean; answers: Record<string, WallAnswer>; merged: string | null; shown: Likely[] | null };
type Likely = { camera: string; probability: number };

interface Store<S> {
  get(): S;
  set(patch: Partial<S>): void;
  subscribe(listener: (state: S) => void): void;
}

type Render<S> = (state: S) => void;

type Loading = { what: string; share: number; failed: boolean };

/** What went wrong: the page's own words (their key), or the server's message. */
type Problem = { code?: string | null; message?: string; words?: Words };

type Phase = "waiting" | "answering" | "stopping" | "done" | "stopped" | "incomplete" | "broken";

/** A question and its answer; times of `performance.now()` but for `askedAt`. */
interface Answer {
  id: number;
  question: string;
  camera: string | null;
  askedAt: number;
  started: number;
  text: string;
  phase: Phase;
  firstMs: number | null;
  wholeMs: number | null;
  saw: Saw | null;
  opens: boolean;
}

/** What a realtime session tells (session.js). */
type Heard =
  | { type: "opened"; camera: string | null }
  | { type: "delta"; text: string }
  | { type: "done"; status: string; saw: Saw | null }
  | { type: "error"; error: Problem }
  | { type: "camera"; camera: string; state: CameraInfo["state"]; reason: string | null }
  | { type: "closed"; wasOpen: boolean; error: Problem | null };

/** A product as the desk reads it. */
interface Product {
  code: string;
  format: string;
  reads: number;
  seenAt: string;
  corners: number[][];
  width: number | null;
  height: number | null;
  known: "found" | "missing" | "unasked";
  name?: string;
  names?: Record<string, string>;
  price?: string | null;
  currency?: string;
  stock?: number | null;
  days?: number | null;
  sku?: string | null;
}

/** The product on the card. */
interface Held extends Product {
  at: number;
  picture: string | null;
  label: string | null;
  accepted?: boolean;
}

interface Item extends Held {
  count: number;
}

type Notice = {
  tone: Tone;
  title: string;
  text: string;
  actions: { label: string; act: string }[];
  share?: number;
  command?: string;
  light?: boolean;
};

/** What notices may offer to do. */
type Actions = Record<string, () => void>;
type Keys = [string, Words][];
type Help = { title: Words; text: Words; keys: Keys };

/** What a person sets of a watch, but for its name. */
type Setting = Omit<WatchInfo, "name" | "origin" | "now" | "judged" | "object">;
type Thresholds = { on: number; off: number };
type Edited = { saved: WatchInfo } | { removed: string };
type Picture = { url: string; takenAt: number };
type Standing = { watch: WatchInfo; now: WatchNow };
type TileSaid = { tone: "live" | "old" | "wait" | "off"; key: Words; age?: number; retry?: number };

/** What both Ask and Desk can do. */
type Verbs = Omit<ReturnType<typeof import("../verbs.js").createVerbs>, "sample"> & { watch?: (answer: Answer) => Promise<boolean> };
type DeskVerbs = ReturnType<typeof import("../desk/verbs.js").createDeskVerbs> & { watch?: undefined };
/** In shares of the picture. */
type Polygon = [number, number][];
/** A mask, or a zone and its name, while it is drawn. */
type Drawn = { kind: "mask" | "zone"; name: string; polygon: Polygon };
type WallVerbs = ReturnType<typeof import("../wall/verbs.js").createVerbs>;
type Tiles = ReturnType<typeof import("../wall/views/tiles.js").tiles>;
type Readings = ReturnType<typeof import("../wall/readings.js").createReadings>;
type FeedView = Pick<ReturnType<typeof import("../wall/views/feed.js").feed>, "aimed" | "inside" | "go">;
type Preview = ReturnType<typeof import("../wall/views/preview.js").createPreview>;
type Known = { cameras: string[]; taken: string[]; role: Role; calibration: Calibration | null };
type Session = import("../session.js").Session;
type Message = { name: string; id: string | null; data: string };
type Page = "ask" | "desk" | "wall";

/** An event of the realtime websocket: docs/protocol.md has them all. */
type Wire = { type: string; [field: string]: any };

/** What a line of plot.js shows; from, to and mark in seconds. */
type Shown = { data: Columns; from: number; to: number; on: number | null; off: number | null; mark: number | null };
