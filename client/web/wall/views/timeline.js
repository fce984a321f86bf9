// What happened: notes and events, searched in words.
// @ts-check

import { byId, h, whenChanged } from "../../dom.js";
import { moment } from "../../format.js";
import { limit } from "../../views/limit.js";
import { t } from "../../words/tongue.js";

const MOST_QUERY = 500; // characters, as the server takes them

/** {focus()}. `open(id)` opens an event.
 * @param {Store<WallState>} store
 * @param {WallVerbs} verbs
 * @param {{ open: (id: number) => void }} options */
export function timeline(store, verbs, { open }) {
  const place = byId("timeline");
  const query = h("input", { type: "search", tLabel: "search.label", id: "search-words", placeholder: t("search.hint"), data: { tHint: "search.hint" } });
  const most = limit(query, MOST_QUERY);
  const camera = h("select", { tLabel: "event.any_camera" });
  const since = h("input", { type: "datetime-local", tLabel: "search.since" });
  const until = h("input", { type: "datetime-local", tLabel: "search.until" });
  const form = h("form", { class: "search", role: "search", autocomplete: "off", onsubmit: (event) => {
    event.preventDefault();
    if (most.over()) query.focus();
    else verbs.search(wanted());
  } }, h("div", { class: "box" }, query, h("button", { class: "primary", t: "search.go" })), most.element,
  h("div", { class: "filters" }, camera, h("label", {}, h("span", { class: "muted", t: "search.since" }), since), h("label", {}, h("span", { class: "muted", t: "search.until" }), until)));
  const list = h("ol", { class: "entries" });
  const more = h("button", { type: "button", class: "quiet small older", t: "event.older", hidden: true,
    onclick: () => verbs.search(store.get().search.wanted, store.get().search.entries.at(-1)?.id) });
  const state = h("div", { class: "nothing", role: "status" });
  place.append(form, h("div", { class: "entries-scroll", tabIndex: 0, role: "region", tLabel: "search.results" }, list, state, more));

  function wanted() {
    /** @param {string} value */
    const at = (value) => (value ? new Date(value).toISOString() : null);
    return { query: query.value.trim(), camera: camera.value, since: at(since.value), until: at(until.value) };
  }

  /** @param {TimelineEntry} entry */
  function entry({ id, camera: name, start, text, level, event_id: event, frame_url: url }) {
    const picture = url ? h("img", { src: url.replace(/^\//, ""), alt: "", loading: "lazy" }) : null;
    picture?.addEventListener("error", () => picture.remove());
    const inner = [h("span", { class: "entry-time" }, `${moment(Date.parse(start))}`), h("span", { class: "entry-words" }, h("strong", {}, name), " ", text), picture];
    return h("li", { class: "entry", data: { level, id: String(id) } }, event === null ? h("div", { class: "entry-open" }, inner)
      : h("button", { type: "button", class: "entry-open", tTitle: "search.evidence", onclick: () => open(event) }, inner));
  }

  store.subscribe(whenChanged(({ cameras }) => cameras.map(({ name }) => name), ({ cameras }) => {
    const chosen = camera.value;
    camera.replaceChildren(h("option", { value: "" }, t("event.any_camera")), ...cameras.map(({ name }) => h("option", { value: name, selected: name === chosen }, name)));
  }));
  store.subscribe(whenChanged(() => null, most.check));
  store.subscribe(whenChanged(({ search }) => search, ({ search }) => {
    list.replaceChildren(...search.entries.map(entry));
    more.hidden = !search.more;
    state.hidden = search.entries.length > 0 && search.phase !== "failed";
    state.replaceChildren(...said(search));
  }));
  store.subscribe(whenChanged(({ tab, server }) => [tab, server], ({ tab, server, search }) => {
    if (tab === "timeline" && server === "ready" && ["idle", "failed"].includes(search.phase)) verbs.search(wanted());
  }));
  return { focus: () => query.focus() };
}

/** @param {Search} search */
function said({ phase, why, wanted }) {
  switch (phase) {
    case "busy":
      return [h("div", { class: "spinner dark-spinner", "aria-hidden": "true" })];
    case "off":
      return [h("h2", {}, t("search.off")), h("p", { class: "muted" }, t("search.off_text")), h("code", {}, "[timeline]\nenabled = true")];
    case "failed":
      return [h("p", { class: "field-wrong" }, why)];
    case "done":
      return [h("h2", {}, t("search.none")), h("p", { class: "muted" }, t(wanted?.query ? "search.none_such" : "search.none_yet"))];
  }
  return [];
}
