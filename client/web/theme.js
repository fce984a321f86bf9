// Runs before the first paint, so that a chosen theme does not flash the other one.
// @ts-check
const kept = localStorage.getItem("askcam.theme");
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
