// Where questions are written. Enter sends; a refused question comes back into the box. In the HTML the box is disabled:
// what is typed before the page is put together would be sent by nobody.
// @ts-check

import { byId, focusQuestion, h, setText, whenChanged } from "../dom.js";
import { chosenCamera, currentAnswer } from "../state.js";
import { briefNote, powerWords } from "../words/states.js";
import { served, t } from "../words/tongue.js";

/** `stays`: the box has the focus at the start and after a question.
 * @param {Store<AskState>} store
 * @param {Verbs} verbs */
export function askbar(store, verbs, { stays = true } = {}) {
  const form = byId("ask");
  const box = byId("question");
  const button = byId("send");
  const under = byId("under");
  const note = h("span", { class: "note" });
  const anew = h("button", { type: "button", class: "link", onclick: () => verbs.newConversation(), t: "ask.anew" });
  const forget = h("button", { type: "button", class: "link", onclick: () => verbs.forget(), t: "ask.forget", tTitle: "ask.forget_title" });
  under.append(note, anew, forget);

  /** @param {Event} [event] */
  function submit(event) {
    event?.preventDefault();
    if (store.get().current !== null) return verbs.stop();
    if (verbs.ask(box.value)) {
      box.value = "";
      grow();
    }
    if (stays) box.focus({ preventScroll: true });
    else box.blur();
  }

  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 132)}px`;
  }

  form.addEventListener("submit", submit);
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return; // Enter may choose a Chinese word
    event.preventDefault();
    if (store.get().current === null) submit();
  });

  /** @type {Render<AskState>} */
  const buttoned = whenChanged((state) => [state.current !== null, currentAnswer(state)?.phase === "stopping"], (state) => {
    const answering = state.current !== null;
    setText(button, t(answering ? "ask.stop" : "ask.ask"));
    button.classList.toggle("stop", answering);
    button.disabled = currentAnswer(state)?.phase === "stopping";
    button.title = t(answering ? "ask.stop_title" : "ask.ask_title");
  });
  /** @type {Render<AskState>} */
  const restored = whenChanged((state) => state.problem, ({ problem }) => {
    if (!problem || box.value.trim()) return;
    box.value = problem.question;
    grow();
  });
  /** @type {Render<AskState>} */
  const noted = whenChanged((state) => [state.model?.note, state.answers.length > state.since, state.answers.length, chosenCamera(state)?.power, chosenCamera(state)?.fewer_pixels], (state) => {
    const asked = state.answers.length > state.since;
    const words = state.answers.findLast((answer) => answer.saw?.note)?.saw?.note ?? state.model?.note ?? "";
    const low = powerWords(chosenCamera(state) ?? state.answers.at(-1)?.saw);
    setText(note, asked ? [briefNote(words), low].filter(Boolean).join(" · ") : ""); // what to do about it has been said at the start, and is in the title
    note.title = [served(words), low].filter(Boolean).join("\n");
    anew.hidden = !asked;
    forget.hidden = state.answers.length === 0;
  });
  store.subscribe((state) => {
    buttoned(state);
    restored(state);
    noted(state);
  });
  box.disabled = false;
  if (stays) focusQuestion();
}
