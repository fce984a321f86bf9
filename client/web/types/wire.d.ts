// What the server says, as client/*.py has it, for `make javascript` and for editors: no browser loads this.
// Made by `python tests/house/wire_types.py`, not by hand.

interface Advice {
  hint: string;
  text: string;
}

interface Calibration {
  watch: string | null;
  camera: string | null;
  question: string;
  source: string;
  model: string;
  made_at: string;
  samples: number;
  positives: number;
  blind: number;
  enough: boolean;
  ece: number;
  brier: number;
  auc: number | null;
  precision: number;
  proposed: Proposed | null;
  worth: Worth | null;
  intervals: Record<string, [number, number] | null>;
  roc: ([number, number, number | null])[];
  bins: CalibrationBin[];
  notes: string[];
  object: "askcam.calibration";
}

interface CalibrationBin {
  from: number;
  to: number;
  count: number;
  mean_probability: number | null;
  share_true: number | null;
}

interface CalledTool {
  id: string;
  name: string;
  server: string;
  arguments: string;
  output: string | null;
  error: ErrorBody | null;
  ms: number;
}

interface CameraAnswer {
  camera: string;
  text: string | null;
  problem: CameraProblem | null;
  askcam: Saw | null;
  probability: number | null;
}

interface CameraInfo {
  name: string;
  uri: string;
  state: "connecting" | "live" | "stalled" | "lost" | "ended";
  reason: string | null;
  width: number | null;
  height: number | null;
  fps: number | null;
  sample_fps: number;
  frame_age_ms: number | null;
  health: string[];
  private: boolean;
  desk: boolean;
  retry_in_ms: number | null;
  sees_every_ms: number | null;
  slow: string | null;
  power: "full" | "low";
  fewer_pixels: boolean;
  held_fps: number | null;
  model: string;
  seen_by: string[];
  masked: boolean;
  masks: (([number, number])[])[];
  zones: Record<string, CameraZone>;
}

interface CameraProblem {
  code: string | null;
  message: string;
}

interface CameraZone {
  polygon: ([number, number])[];
}

interface ClipOfEvent {
  id: number;
  clip: EventClip;
}

interface DeskCode {
  code: string;
  format: string;
  verified: boolean;
  reads: number;
  first_seen: string;
  last_seen: string;
  age_ms: number;
  corners: number[][];
}

interface DeskInfo {
  camera: string;
  width: number | null;
  height: number | null;
  codes: DeskCode[];
  facts: Fact[];
  guidance: Advice[];
  catalogue: boolean;
  object: string;
}

interface ErrorBody {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

interface EventClip {
  state: "pending" | "ready" | "missing";
  url: string | null;
  link: string | null;
  start: string | null;
  end: string | null;
  bytes: number | null;
  why: string | null;
}

interface EventFrame {
  at: string;
  url: string | null;
}

interface Fact {
  source: "read" | "looked_up";
  text: string;
  values: Record<string, any>;
  seen_at: string | null;
}

interface Judged {
  id: number;
  verdict: "right" | "wrong" | null;
  note: string | null;
  judged_at: string | null;
}

interface JudgedThreshold {
  on: number;
  wrong: number;
  wrong_kept_back: number;
  right: number;
  right_lost: number;
  lost_at_most: number;
}

interface Mark {
  start: number;
  end: number;
  fact: number;
}

interface PageLanguage {
  language: string;
  name: string;
  short: string;
  switch: string;
}

interface PageWords {
  language: string;
  tag: string;
  dates: string;
  languages: PageLanguage[];
  words: Record<string, string>;
  sentences: ([string, string])[];
}

interface Proposed {
  on: number;
  off: number;
}

interface Reading {
  at: string;
  probability: number;
}

interface Saw {
  camera: string | null;
  window: SeenWindow | null;
  frame_age_ms: number | null;
  ttft_ms: number | null;
  answer_id: string;
  health: string[];
  backend: string;
  age_basis: "capture" | "arrival" | null;
  note: string | null;
  facts: Fact[];
  marks: Mark[];
  tools: CalledTool[];
  scene_changed: boolean | null;
  engine_ms: number | null;
  sees_every_ms: number | null;
  power: "full" | "low";
  fewer_pixels: boolean;
  answers: CameraAnswer[] | null;
  model: string;
  zone: SeenZone | null;
}

interface Seen {
  id: number;
  acknowledged_at: string | null;
}

interface SeenFrame {
  index: number;
  captured_at: string;
  age_ms: number | null;
  age_basis: "capture" | "arrival";
  width: number;
  height: number;
  url: string;
}

interface SeenWindow {
  version: number;
  start: string;
  end: string;
  frames: number;
  pairs: number;
}

interface SeenZone {
  name: string;
  rectangle: [number, number, number, number];
}

interface StoredAnswer {
  id: string;
  created: string;
  camera: string | null;
  question: string;
  answer: string;
  reason: "stop" | "length" | "cancelled";
  askcam: Saw;
  usage: Record<string, number>;
  timings_ms: Record<string, number>;
  frames: SeenFrame[];
  object: string;
}

interface TimelineEntry {
  id: number;
  camera: string;
  start: string;
  end: string;
  level: "note" | "minute" | "hour" | "day";
  text: string;
  appeared: string[];
  disappeared: string[];
  things: string[];
  event_id: number | null;
  frame_url: string | null;
  object: string;
}

interface WatchEvent {
  id: number;
  kind: "on" | "off" | "changed" | "camera_lost" | "camera_back" | "camera_unwell" | "camera_well";
  watch: string | null;
  camera: string;
  severity: "info" | "warning" | "critical";
  at: string;
  frame_at: string | null;
  question: string | null;
  answer: string | null;
  before_answer: string | null;
  expected: number | null;
  probability: number | null;
  before: Reading[];
  after: Reading[];
  window: SeenWindow | null;
  reason: string | null;
  frame_url: string | null;
  frames: EventFrame[];
  acknowledged_at: string | null;
  clip: EventClip | null;
  verdict: "right" | "wrong" | null;
  note: string | null;
  judged_at: string | null;
  object: string;
}

interface WatchInfo {
  name: string;
  origin: "file" | "api";
  question: string;
  cameras: string[];
  kind: "yesno" | "choice" | "number" | "text";
  choices: string[];
  on_when: string[];
  every_s: number;
  window_s: number;
  on: number;
  off: number;
  for_s: number;
  cooldown_s: number;
  quiet: string[];
  time_zone: string;
  severity: "info" | "warning" | "critical";
  only_when_healthy: boolean;
  enabled: boolean;
  now: WatchNow[];
  model: string | null;
  zone: string | null;
  judged: WatchJudged | null;
  object: string;
}

interface WatchJudged {
  judged: number;
  wrong: number;
  since: string;
  proposed: JudgedThreshold | null;
}

interface WatchNow {
  camera: string;
  state: "unknown" | "off" | "rising" | "on" | "falling" | "settled" | "changing";
  probability: number | null;
  answer: string | null;
  read_at: string | null;
  trouble: string | null;
  expected: number | null;
  since: string | null;
}

interface WatchReadings {
  camera: string;
  readings: Reading[];
}

interface Worth {
  precision: number | null;
  recall: number | null;
}
