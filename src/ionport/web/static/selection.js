// Ticks of a list: how many are on, a range with Shift, and which buttons that enables.
"use strict";

(() => {
  let last = null;

  const boxes = (form) => [...form.querySelectorAll("tbody input[type=checkbox]")];

  const show = (form) => {
    const all = boxes(form);
    if (!all.length || all[0].disabled) return;
    const on = all.filter((box) => box.checked).length;
    const bar = form.querySelector(".selection-bar");
    bar.classList.toggle("has-selection", on > 0);
    const count = bar.querySelector("[data-selected]");
    if (count) count.textContent = count.dataset.selected.replace("{n}", String(on));
    for (const button of bar.querySelectorAll("button")) button.disabled = on === 0;
    const every = form.querySelector("[data-check-all]");
    every.checked = on === all.length;
    every.indeterminate = on > 0 && on < all.length;
  };

  const showAll = () => document.querySelectorAll("form[data-selection]").forEach(show);

  document.addEventListener("click", (event) => {
    const box = event.target.closest("form[data-selection] tbody input[type=checkbox]");
    if (!box) return;
    const all = boxes(box.form);
    const from = all.findIndex((other) => other.id === last);
    if (event.shiftKey && from >= 0) {
      const to = all.indexOf(box);
      for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        other.checked = box.checked;
      }
    }
    last = box.id;
    show(box.form);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-selection]");
    // What ticks all of them listens too, perhaps after this.
    if (form) queueMicrotask(() => show(form));
  });
  // A page that is shown again may have its ticks from before.
  window.addEventListener("pageshow", showAll);
  document.addEventListener("htmx:after:swap", showAll);
  showAll();
})();
