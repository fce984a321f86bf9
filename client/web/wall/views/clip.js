// An event's clip: loaded when it is played and not before, with the event's picture until then; or why there is none.
// @ts-check

import { h, setText } from "../../dom.js";
import { clock } from "../../format.js";
import { served, t } from "../../words/tongue.js";

/** {element, video, show(event), end()}. */
export function clipOf() {
  const video = h("video", { class: "big clip", controls: true, muted: true, playsInline: true, preload: "none" });
  const said = h("p", { class: "muted clip-said", role: "status" });
  const save = h("a", { class: "clip-save", t: "event.clip_save", download: "" });
  const element = h("div", { class: "event-clip", hidden: true }, video, said, save);

  /** @param {WatchEvent} event */
  function show({ camera, clip, frame_url: picture }) {
    element.hidden = !clip; // a server of before has no word of it
    if (!clip) return end();
    const url = clip.state === "ready" && clip.url ? clip.url.slice(1) : "";
    video.hidden = save.hidden = !url;
    if (!url) end();
    else if (video.getAttribute("src") !== url) {
      if (picture) video.poster = picture.slice(1);
      else video.removeAttribute("poster");
      video.src = save.href = url;
      video.setAttribute("aria-label", t("event.clip", { camera, from: at(clip.start), to: at(clip.end) }));
    }
    setText(said, words(clip));
    said.hidden = !said.textContent;
  }

  /** @param {EventClip} clip */
  function words(clip) {
    if (clip.state === "pending") return t("event.clip_pending");
    return clip.state === "missing" ? t("event.clip_missing", { why: served(clip.why ?? "") }) : served(clip.why ?? "");
  }

  /** @param {string | null} moment */
  function at(moment) {
    return moment === null ? "" : clock(Date.parse(moment));
  }

  /** Nothing more of it is loaded. */
  function end() {
    if (!video.hasAttribute("src")) return;
    video.removeAttribute("src");
    video.load();
  }

  video.addEventListener("error", () => {
    if (!video.hasAttribute("src")) return;
    said.hidden = false;
    setText(said, t("event.clip_missing", { why: t("event.clip_broken") }));
  });

  return { element, video, show, end };
}
