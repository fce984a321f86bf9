// What a watch's form begins with, and how its texts are read. Pure.
// @ts-check

/** @type {Omit<Setting, "time_zone">} */
export const FRESH = {
  question: "", cameras: [], kind: "yesno", choices: [], on_when: [], every_s: 2, window_s: 2, on: 0.7, off: 0.4, for_s: 1, cooldown_s: 0,
  quiet: [], severity: "warning", only_when_healthy: true, enabled: true, model: null, zone: null,
};

const LITTLE = new Set(["is", "are", "the", "a", "an", "there", "any", "does", "do", "on", "in", "of", "it", "answer", "yes", "or", "no", "what", "which"]);
const MOST = 40; // characters of a name made here

/** A name for a question that is not yet among `taken`: "Is the door open? …" -> "door-open".
 * @param {string} question
 * @param {string[]} taken */
export function nameFor(question, taken) {
  const first = question.split(/[?？]/)[0].toLowerCase();
  const words = (first.match(/[a-z0-9]+/g) ?? []).filter((word) => !LITTLE.has(word));
  const base = words.slice(0, 3).join("-").slice(0, MOST).replace(/-+$/, "") || "watch";
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** "a, b，c" as its parts, none empty.
 * @param {string} text */
export function parts(text) {
  return text.split(/[,，、;]/).map((part) => part.trim()).filter(Boolean);
}

/** Whether a yes/no question leaves the model free to begin with other words. English ones should say what is wanted.
 * @param {string} question */
export function leavesOpen(question) {
  const text = question.trim();
  return text !== "" && !/[\u4e00-\u9fff]/.test(text) && !/\byes or no\b/i.test(text);
}

/** `text` with what makes the answer a word.
 * @param {string} text */
export function closed(text) {
  const trimmed = text.trim();
  return `${/[?.!]$/.test(trimmed) ? trimmed : `${trimmed}?`} Answer yes or no.`;
}

/** What of `setting` is other than in `before`: the body of a PATCH.
 * @param {object} setting
 * @param {Record<string, any>} before */
export function changes(setting, before) {
  return Object.fromEntries(Object.entries(setting).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}
