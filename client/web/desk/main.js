// The page *Desk*, put together: a product is held up, and what the catalogue knows of it stands beside the picture.
// @ts-check

import { shell } from "../shell.js";
import { DESK, MINE, createStore } from "../state.js";
import { askbar } from "../views/askbar.js";
import { chips } from "../views/chips.js";
import { picture } from "../views/picture.js";
import { deskNotice } from "./guidance.js";
import { KEYS, keys } from "./keys.js";
import { sheet } from "./sheet.js";
import { stage } from "./stage.js";
import { strip } from "./strip.js";
import { talk } from "./talk.js";
import { createDeskVerbs } from "./verbs.js";
import { watchDesk } from "./watching.js";

const store = createStore(DESK);
const verbs = createDeskVerbs(store);
const shared = shell(store, {
  page: "desk",
  skip: { to: "product", words: "desk.skip" },
  help: { title: "desk.help", text: "desk.help_text", keys: KEYS },
  retry: verbs.retry,
  login: verbs.login,
});

chips(store, verbs);
picture(store, verbs, { ...shared, mine: verbs.mine, back: verbs.back, sample: verbs.sample }, { notice: deskNotice, mirrors: false });
stage(store);
sheet(store, verbs);
strip(store, verbs);
const ask = talk(store, verbs);
askbar(store, verbs, { stays: false });
keys(store, verbs, ask);
watchDesk(store);

store.subscribe(({ chosen }) => {
  const hash = chosen === null || chosen === MINE ? "" : `#${encodeURIComponent(chosen)}`;
  if (hash && hash !== location.hash) history.replaceState(null, "", hash); // a reload shows the same camera
});
