// What a person can do at a desk, beside what one can do with any camera.
// @ts-check

import { byId, h } from "../dom.js";
import { PUSH_DESK } from "../session.js";
import { MINE } from "../state.js";
import { createVerbs } from "../verbs.js";
import { accepted, changed, keep, kept, table } from "./items.js";
import { sampleStream } from "./sample.js";

const CAMERA = { longSide: 1280, facing: "environment" }; // a barcode wants pixels, and looks away from its holder

/** @param {Store<DeskState>} store */
export function createDeskVerbs(store) {
  const verbs = createVerbs(store, { shows: ({ desk }) => desk, push: PUSH_DESK, camera: CAMERA });
  /** @type {ReturnType<typeof sampleStream> | null} */
  let sample = null; // what draws it

  store.set({ items: kept() });
  store.subscribe(({ items }) => keep(items));
  /** @type {string | null} */
  let before = null;
  store.subscribe(({ chosen, mine }) => {
    const now = chosen === MINE ? `${chosen}${mine.sample}` : chosen;
    if (now !== before) queueMicrotask(() => store.set({ desk: null, held: null })); // another camera, another product
    before = now;
    if (sample && !mine.sample) {
      sample.stop();
      sample = null;
    }
  });

  return {
    ...verbs,

    /** Show a drawn product to the server, as if it were held before one's camera. */
    sample() {
      sample?.stop();
      sample = sampleStream();
      verbs.sample(sample.stream);
    },

    /** Put a product on the list of this visit: the one on the card as it was pressed, else as it is now.
     * @param {Held} [pressed] */
    accept(pressed) {
      const { held, items } = store.get();
      const product = pressed ?? held;
      if (!product) return;
      const here = held?.code === product.code ? { ...held, accepted: true } : held;
      store.set({ ...changed(store.get(), accepted(items, product)), held: here });
    },

    /** Forget the product on the card: it is taken anew when it is read again. */
    retake() {
      store.set({ held: null });
    },

    /** Take back the last change of the list. */
    undo() {
      const { past, held } = store.get();
      const items = past.at(-1);
      if (items === undefined) return;
      const still = held && items.some(({ code }) => code === held.code);
      store.set({ items, past: past.slice(0, -1), held: held && { ...held, accepted: Boolean(still) } });
    },

    /** @param {string} code */
    remove(code) {
      const { items } = store.get();
      store.set(changed(store.get(), items.filter((item) => item.code !== code)));
    },

    /** Save the list as a file. */
    save() {
      const blob = new Blob(["\ufeff", table(store.get().items)], { type: "text/csv" }); // the mark tells spreadsheets it is UTF-8
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: `askcam-${new Date().toISOString().slice(0, 10)}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    },

    /** To the question, from anywhere. */
    write() {
      byId("question").focus();
    },
  };
}
