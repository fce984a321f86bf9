// How an answer knows what no picture shows: the facts that stood before it, and the tools that were called for it.
// @ts-check

import { h } from "../dom.js";
import { clock } from "../format.js";
import { served, t } from "../words/tongue.js";

/** {element, show(saw)}: closed until somebody wants to know; not there at all where only the picture spoke. */
export function sources() {
  const title = h("summary");
  const body = h("div", { class: "sources-body" });
  const element = h("details", { class: "sources", hidden: true }, title, body);

  /** @param {Saw | null} saw */
  function show(saw) {
    const facts = (saw?.facts ?? []).filter(({ seen_at: at }) => at); // what a tool brought stands with its call
    const calls = saw?.tools ?? [];
    element.hidden = facts.length + calls.length === 0;
    title.replaceChildren(t("card.knows"), ...calls.map(({ name, error }) => h("span", { class: "tool", data: { failed: String(Boolean(error)) } }, name)));
    body.replaceChildren(...facts.map(fact), ...calls.map(call));
  }

  return { element, show };
}

/** @param {Fact} fact */
function fact({ source, text, seen_at: at }) {
  const words = t(source === "read" ? "card.read" : "card.looked_up", { fact: text });
  return h("p", { class: "fact" }, words, h("span", { class: "muted" }, at === null ? "" : ` · ${clock(Date.parse(at))}`));
}

/** @param {CalledTool} tool */
function call({ name, server, arguments: wanted, output, error, ms }) {
  return h("div", { class: "call" },
    h("p", {}, h("strong", {}, name), h("span", { class: "muted" }, ` · ${server} · ${t("unit.ms", { n: Math.round(ms) })}`)),
    h("p", { class: "muted" }, t("card.asked")), h("pre", {}, wanted),
    error ? h("p", { class: "wrong" }, served(error.message)) : h("p", { class: "muted" }, t("card.brought")),
    error ? null : h("pre", {}, output ?? ""));
}
