// The dialog in which a watch is made, changed and removed. It needs nothing of the page that opens it.
// @ts-check

import * as api from "../api.js";
import { h, setText } from "../dom.js";
import { served, t } from "../words/tongue.js";
import * as watchapi from "../watchapi.js";
import { calibrationPanel } from "./calibration.js";
import { watchForm } from "./form.js";
import { judgedPanel } from "./judged.js";
import { FRESH, changes, closed, leavesOpen } from "./setting.js";

const SHEET = new URL("./dialog.css", import.meta.url).href;

/** @type {HTMLDialogElement | null} */
let open = null; // one at a time

/**
 * Opens it: for a new watch on `camera` that asks `question`, or to change `watch` (a WatchInfo).
 * Resolves with {saved: WatchInfo}, {removed: name}, or null when nothing was done.
 * @param {{ question?: string, camera?: string | null, watch?: WatchInfo | null }} [options]
 */
export async function openWatchDialog({ question = "", camera = null, watch = null } = {}) {
  if (open) return null;
  styled();
  const dialog = h("dialog", { class: "dialog wide watch-dialog", "aria-labelledby": "watch-title" });
  open = dialog;
  document.body.append(dialog);
  const loading = h("p", { class: "muted", t: "watch.loading" });
  dialog.append(h("h2", { id: "watch-title", t: watch ? "watch.change_title" : "watch.new_title" }), loading);
  dialog.showModal();
  const ended = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  /** @type {Edited | null} */
  let result = null;
  /** @type {ReturnType<typeof watchForm> | null} */
  let form = null;
  try {
    const found = await known(watch);
    loading.remove();
    if (dialog.open) form = fill(dialog, { ...found, question, camera, watch }, (outcome) => {
      result = outcome;
      dialog.close();
    });
  } catch (problem) {
    loading.dataset.t = "";
    setText(loading, t("watch.failed", { why: served(problem.message) }));
    dialog.append(h("div", { class: "row end" }, h("button", { type: "button", class: "primary", t: "dialog.close", onclick: () => dialog.close() })));
  }
  await ended;
  form?.end();
  dialog.remove();
  open = null;
  return result;
}

function styled() {
  if (document.querySelector(`link[href="${SHEET}"]`)) return;
  document.head.append(h("link", { rel: "stylesheet", href: SHEET }));
}

/** @param {WatchInfo | null} watch */
async function known(watch) {
  const [cameras, watches, role, calibration] = await Promise.all([
    api.cameras(), watchapi.watches(), watchapi.role(), watch ? watchapi.calibration(watch.name).catch(() => null) : null]);
  return { cameras: cameras.filter((each) => !each.private).map((each) => each.name), taken: watches.map((each) => each.name), role, calibration };
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {Known & { question: string, camera: string | null, watch: WatchInfo | null }} options
 * @param {(outcome: Edited) => void} done
 */
function fill(dialog, { cameras, taken, role, calibration, question, camera, watch }, done) {
  const asked = question && leavesOpen(question) ? closed(question) : question;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  const wanted = camera ? [camera] : cameras.length === 1 ? cameras : [];
  const begins = watch ?? { ...FRESH, question: asked, cameras: wanted, time_zone: zone };
  const names = [...new Set([...cameras, ...begins.cameras])];
  const form = watchForm(begins, { existing: watch, cameras: names, taken });
  const barred = !watchapi.mayWatch(role) ? "watch.viewer" : watch?.origin === "file" ? "watch.of_file" : null;
  const problem = h("p", { class: "field-wrong", role: "alert", hidden: true });
  const save = h("button", { class: "primary", t: watch ? "watch.save" : "watch.make", disabled: barred !== null });
  const body = h("fieldset", { class: "watch-body", disabled: barred !== null }, form.element);

  /** @param {boolean} now */
  function busy(now) {
    for (const button of dialog.querySelectorAll("button")) button.disabled = now || (button === save && barred !== null);
  }

  /** @param {() => Promise<Edited>} work */
  async function carryOut(work) {
    form.wrong(null);
    problem.hidden = true;
    busy(true);
    try {
      done(await work());
    } catch (error) {
      busy(false);
      if (form.wrong(error.param, served(error.message))) return;
      problem.hidden = false;
      setText(problem, served(error.message));
    }
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    const setting = form.value();
    await carryOut(async () => {
      if (!watch) return { saved: await watchapi.createWatch(setting) };
      const { name, ...rest } = setting;
      return { saved: await watchapi.changeWatch(name, changes(rest, watch)) };
    });
  }

  dialog.append(h("form", { onsubmit: submit, noValidate: true },
    barred ? h("p", { class: "notice", t: barred }) : null, body,
    watch ? judgedPanel(watch, barred ? null : form.put) : null,
    calibration ? calibrationPanel(calibration, barred ? null : form.put) : null, problem,
    h("div", { class: "row end" }, watch && !barred ? removal(watch, carryOut) : null,
      h("button", { type: "button", class: "quiet", t: "watch.cancel", onclick: () => dialog.close() }), save)));
  if (!barred) form.focus();
  return form;
}

/** Asked twice, in place: what is removed is gone, but for its events.
 * @param {WatchInfo} watch
 * @param {(work: () => Promise<Edited>) => void} carryOut */
function removal(watch, carryOut) {
  const sure = h("span", { class: "row sure", hidden: true }, h("span", { t: "watch.sure" }),
    h("button", { type: "button", class: "quiet small", t: "watch.keep", onclick: () => ask(false) }),
    h("button", { type: "button", class: "primary stop small", t: "watch.remove_now", onclick: () => carryOut(async () => {
      await watchapi.removeWatch(watch.name);
      return { removed: watch.name };
    }) }));
  const first = h("button", { type: "button", class: "quiet", t: "watch.remove", onclick: () => ask(true) });
  /** @param {boolean} asking */
  function ask(asking) {
    sure.hidden = !asking;
    first.hidden = asking;
  }
  return h("span", { class: "removal" }, first, sure);
}
