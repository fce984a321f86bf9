// The page, put together: one store, the verbs that change it, and the views that show it.

import { byId } from "./dom.js";
import { keys } from "./keys.js";
import { MINE, createStore } from "./state.js";
import { createVerbs } from "./verbs.js";
import { askbar } from "./views/askbar.js";
import { chips, pill } from "./views/chips.js";
import { conversation } from "./views/conversation.js";
import { banner, help, login } from "./views/notices.js";
import { picture } from "./views/picture.js";
import { language, speak, translate } from "./words/tongue.js";

translate(document);

const store = createStore();
const verbs = createVerbs(store);
const token = login(store, verbs);
const actions = { mine: verbs.mine, back: verbs.back, retry: verbs.retry, login: token.open }; // what notices may offer

chips(store, verbs);
pill(store);
picture(store, verbs, actions);
conversation(store, verbs);
askbar(store, verbs);
banner(store, actions);
help();
keys(store, verbs);

store.subscribe(({ chosen }) => {
  const hash = chosen === null || chosen === MINE ? "" : `#${encodeURIComponent(chosen)}`;
  if (hash && hash !== location.hash) history.replaceState(null, "", hash); // a reload shows the same camera
});

byId("language").addEventListener("click", () => {
  speak(language() === "zh" ? "en" : "zh");
  store.set({}); // whoever shows words says them anew
});

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("askcam.theme", root.dataset.theme);
});
