// The banner of a server that is lost, and the token.
// @ts-check

import { byId, h, setText, whenChanged } from "../dom.js";
import { bannerNotice } from "../words/states.js";
import { served, t } from "../words/tongue.js";

/**
 * @param {Store<SharedState>} store
 * @param {Actions} actions
 */
export function banner(store, actions) {
  const place = byId("banner");
  const words = h("span");
  const button = h("button", { type: "button", class: "quiet small" });
  /** @type {string | null} */
  let act = null;
  button.addEventListener("click", () => act !== null && actions[act]?.());
  place.append(words, button);
  let shown = false;

  function render() {
    const notice = bannerNotice(store.get(), Date.now());
    place.hidden = !notice;
    shown = Boolean(notice);
    if (!notice) return;
    place.dataset.tone = notice.tone;
    setText(words, notice.text);
    setText(button, notice.action.label);
    act = notice.action.act;
  }

  store.subscribe(render);
  setInterval(() => shown && render(), 1000); // it counts down
}

/** Opens by itself when the server turns out to be locked; `enter(token)` throws ApiProblem when it is refused.
 * @param {Store<SharedState>} store
 * @param {(token: string) => Promise<void>} enter */
export function login(store, enter) {
  const dialog = byId("login");
  const token = h("input", { type: "password", id: "token", required: true, autocomplete: "current-password" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const form = h("form", {},
    h("h2", { id: "login-title", t: "login.title" }),
    h("p", { t: "login.text" }),
    h("label", { for: "token", t: "login.token" }), token, wrong,
    h("div", { class: "row end" }, h("button", { class: "primary", t: "login.go" })));
  dialog.append(form);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(wrong, "");
    try {
      await enter(token.value);
      token.value = "";
      dialog.close();
    } catch (problem) {
      setText(wrong, problem.status === 401 ? t("login.wrong") : t("login.failed", { why: served(problem.message) }));
      token.select();
    }
  });
  store.subscribe(whenChanged(({ server }) => server === "locked", ({ server }) => {
    if (server === "locked" && !dialog.open) dialog.showModal();
    if (server === "ready" && dialog.open) dialog.close();
  }));
  return { open: () => dialog.open || dialog.showModal() };
}
