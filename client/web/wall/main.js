// The page *Wall*, put together: one store, the verbs that change it, and the views that show it.
// @ts-check

import { watchServer } from "../server.js";
import { shell } from "../shell.js";
import { createStore } from "../state.js";
import { KEYS, keys } from "./keys.js";
import { createReadings } from "./readings.js";
import { WALL, isBusy, watchesOf } from "./state.js";
import { createStills } from "./stills.js";
import { createVerbs } from "./verbs.js";
import { bar as createBar } from "./views/bar.js";
import { cameraView } from "./views/camera.js";
import { evidence as createEvidence } from "./views/evidence.js";
import { createCalm, feed as createFeed } from "./views/feed.js";
import { reader } from "./views/reader.js";
import { tabs } from "./views/tabs.js";
import { tiles as createTiles } from "./views/tiles.js";
import { timeline as createTimeline } from "./views/timeline.js";

const store = createStore(WALL);
const server = watchServer(store);
const calm = createCalm();
const verbs = createVerbs(store, server, calm);
shell(store, { page: "wall", skip: { to: "tiles", words: "wall.skip" }, help: { title: "wall.help", text: "wall.help_text", keys: KEYS },
  retry: verbs.retry, login: verbs.login });

const lines = createReadings(store, {
  wanted() {
    const state = store.get();
    return new Set([...[...tiles.seen].flatMap((name) => watchesOf(state, name).map(({ watch }) => watch.name)), ...camera.watched()]);
  },
  came: () => tiles.draw(),
});
const camera = cameraView(store, verbs, { lines });
const tiles = createTiles(store, verbs, { lines, open: (name) => camera.open(name, stills.of(name)), hurry: (name) => stills.hurry(name) });
const stills = createStills(store, {
  seen: tiles.seen,
  lively: (name) => tiles.attended() === name || isBusy(store.get(), name, Date.now()),
  shown: tiles.show,
});
const evidence = createEvidence(store, verbs);
const feed = createFeed(store, verbs, { open: evidence.open, calm });
const timeline = createTimeline(store, verbs, { open: evidence.open });
const bar = createBar(store, verbs, { focused: tiles.focused, reach: tiles.reach });
reader(store);
tabs(store, verbs);
keys(store, verbs, { tiles, feed, bar, timeline });
store.subscribe(({ cameras }) => stills.forget(new Set(cameras.map(({ name }) => name))));
