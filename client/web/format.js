// Numbers and times as people read them. Pure.

/** 0.4 s, 12 s, 3 min */
export function seconds(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 99500) return `${Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60000)} min`;
}

/** 120 ms, 1.4 s: ages are small or alarming. */
export function age(ms) {
  return ms < 950 ? `${Math.max(10, Math.round(ms / 10) * 10)} ms` : seconds(ms);
}

/** 14:03:07 in the reader's own time zone. */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** The last part of a hub id or folder: what people call the model. */
export function shortModel(id) {
  return id.replace(/\/+$/, "").split("/").pop() || id;
}

/** "dark, blurred" */
export function list(words) {
  return words.join(", ");
}
