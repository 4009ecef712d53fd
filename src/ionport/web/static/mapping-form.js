// The form view of a mapping file: which row makes which value, and a question before changes are left.
// Without this script the same form works by its buttons.
"use strict";

(() => {
  const form = () => document.getElementById("mapping-form");
  let leaves = false;
  let isTyped = false;

  // Both ways: a value of the preview shows its row, a row shows its values.
  const told = (line) => {
    for (const one of document.querySelectorAll(".is-told")) one.classList.remove("is-told");
    if (!line) return;
    for (const one of form().querySelectorAll(`[data-line="${line}"]`)) {
      one.closest(".map-row,tr").classList.add("is-told");
    }
  };
  const lineOf = (target) => {
    const found = target.closest && target.closest("[data-line], tr:has([data-line])");
    if (!found || !form().contains(found)) return "";
    return found.dataset.line || found.querySelector("[data-line]").dataset.line;
  };
  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => told(lineOf(event.target)));
  }
  // A button that went with what it did leaves the focus to its row.
  let row = "";
  document.addEventListener("focusin", (event) => { row = event.target.closest(".map-row")?.id || row; });
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement === document.body) document.getElementById(row)?.querySelector("input").focus();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".mapping-panel [data-line]");
    const row = link && document.getElementById(`line-${link.dataset.line}`);
    if (!row) return;
    event.preventDefault();
    row.scrollIntoView({ block: "center" });
    row.querySelector("input").focus({ preventScroll: true });
  });

  document.addEventListener("input", (event) => { if (form().contains(event.target) && event.target.matches("input")) isTyped = true; });
  document.addEventListener("submit", () => { leaves = true; });
  addEventListener("pageshow", () => { leaves = false; });
  addEventListener("beforeunload", (event) => {
    if (leaves || !(isTyped || "edited" in form().dataset)) return;
    event.preventDefault();
    event.returnValue = form().dataset.leave;
  });
})();
