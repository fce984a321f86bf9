// Watches and what they tell, over HTTP. Every failure is an ApiProblem (api.js).
// @ts-check

import { read, send } from "./api.js";

const SAVING_MS = 15_000; // a watch's words are looked up, and the disk must have it

/** @param {Record<string, string | number | null | undefined>} values */
function query(values) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** @param {string} name */
function path(name, more = "") {
  return `v1/watches/${encodeURIComponent(name)}${more}`;
}

/** WatchInfo of all watches.
 * @returns {Promise<WatchInfo[]>} */
export async function watches() {
  return (await read("v1/watches")).data;
}

/** Makes it; its WatchInfo.
 * @param {Partial<Setting>} setting
 * @returns {Promise<WatchInfo>} */
export function createWatch(setting) {
  return send("POST", "v1/watches", setting, { patienceMs: SAVING_MS });
}

/** Changes what `setting` names; its WatchInfo.
 * @param {string} name
 * @param {Partial<Setting>} setting
 * @returns {Promise<WatchInfo>} */
export function changeWatch(name, setting) {
  return send("PATCH", path(name), setting, { patienceMs: SAVING_MS });
}

/** Its events stay.
 * @param {string} name */
export function removeWatch(name) {
  return send("DELETE", path(name), undefined, { patienceMs: SAVING_MS });
}

/** [{camera, readings: [{at, probability}]}], later than `since` (RFC 3339).
 * @param {string} name
 * @param {{ camera?: string, since?: string | null }} [options]
 * @returns {Promise<WatchReadings[]>} */
export async function readings(name, { camera, since } = {}) {
  return (await read(path(name, `/readings${query({ camera, since })}`))).data;
}

/** How well it was found to tell, or null: nobody has calibrated it.
 * @param {string} name
 * @returns {Promise<Calibration | null>} */
export async function calibration(name) {
  try {
    return await read(path(name, "/calibration"));
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

/** {data, has_more} of events, newest first; `wanted` as the query of GET /v1/events.
 * @param {Record<string, string | number | null | undefined>} [wanted]
 * @returns {Promise<{ data: WatchEvent[], has_more: boolean }>} */
export function events(wanted = {}) {
  return read(`v1/events${query(wanted)}`);
}

/** The events as they are then.
 * @param {number[]} ids
 * @param {boolean} acknowledged
 * @returns {Promise<WatchEvent[]>} */
export async function acknowledge(ids, acknowledged) {
  return (await send("POST", "v1/events/acknowledge", { ids, acknowledged })).data;
}

/** The event as it is then.
 * @param {number} id
 * @param {Verdict} verdict null takes it back
 * @param {string | null} [note]
 * @returns {Promise<WatchEvent>} */
export function judge(id, verdict, note = null) {
  return send("POST", `v1/events/${id}/judge`, { verdict, note });
}

/** {data, has_more} of the timeline; null where the server has none.
 * @param {Record<string, string | number | null | undefined>} wanted
 * @returns {Promise<{ data: TimelineEntry[], has_more: boolean } | null>} */
export async function timeline(wanted) {
  try {
    return await read(`v1/timeline${query(wanted)}`);
  } catch (problem) {
    if (problem.status === 404 && problem.param !== "camera") return null;
    throw problem;
  }
}

/** "admin", "watcher", "viewer", or null for whoever must log in first.
 * @returns {Promise<Role>} */
export async function role() {
  return (await read("v1/session")).role;
}

/** Whether watches are made by one of that role.
 * @param {Role} role */
export function mayWatch(role) {
  return role === "admin" || role === "watcher";
}
