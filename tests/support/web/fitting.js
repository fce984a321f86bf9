// Evaluated in a page by fitting.py: what does not fit at its present size, in words.
async ([names, leastTarget, leastField, phone]) => {
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  await frame();
  await frame(); // the page has seen its new size, too
  const TARGETS = "button, summary, select, textarea, input:not([type=radio], [type=checkbox]), .only, .tick, .pages a";
  const FIELDS = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea";
  const found = [];

  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".hidden, .skip");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const called = (element) =>
    `${element.className || element.id || element.tagName} "${(element.textContent || element.ariaLabel || "").trim().slice(0, 40)}"`;

  const { scrollWidth } = document.scrollingElement;
  if (scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${scrollWidth} of ${innerWidth} pixels`);

  for (const element of all(names)) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      if (overflowX === "auto" || overflowX === "scroll") break; // what is cut there is scrolled to
      const { left, right } = box.getBoundingClientRect();
      const clips = overflowX !== "visible";
      if (clips && (text.right > right + 1 || text.left < left - 1)) found.push(`cut off: ${called(element)}`);
    }
  }

  for (const element of all(TARGETS)) {
    const { width, height } = element.getBoundingClientRect();
    const size = `${Math.round(width)}x${Math.round(height)} pixels`;
    if (Math.min(width, height) < leastTarget - 0.01) found.push(`too small a target, ${size}: ${called(element)}`);
  }

  for (const element of document.querySelector("dialog[open]") ? [] : all(".top a, .top button")) {
    const { left, top, width, height } = element.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    if (there && !element.contains(there) && !there.contains(element)) found.push(`covered by ${called(there)}: ${called(element)}`);
  }

  for (const element of all(".scroll, .events-scroll, .entries-scroll, .wall")) {
    const { clientHeight, scrollHeight } = element;
    if (scrollHeight > clientHeight && clientHeight < 3 * leastTarget) found.push(`only ${clientHeight} pixels to read in: ${called(element)}`);
  }

  for (const element of innerWidth <= phone ? all(FIELDS) : []) {
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < leastField) found.push(`a field whose text has ${size} pixels: ${called(element)}`);
  }
  return found;
};
