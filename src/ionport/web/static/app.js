// Small comforts on top of pages that work without any of this.
"use strict";

(() => {
  const say = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };

  const two = (number) => String(number).padStart(2, "0");

  const localTime = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent =
        `${two(at.getDate())}.${two(at.getMonth() + 1)}.${at.getFullYear()} ` +
        `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
      time.dataset.local = "";
    }
  };

  const showWhatNeedsScript = (root) => {
    for (const button of root.querySelectorAll("[data-copy],[data-dismiss],[data-check-all]")) {
      button.hidden = false;
    }
    for (const field of root.querySelectorAll("[data-enabled-by]")) followSwitch(field);
  };

  const followSwitch = (field) => {
    const control = document.getElementById(field.dataset.enabledBy);
    if (control) field.disabled = !control.checked;
  };

  const prepare = (root) => {
    localTime(root);
    showWhatNeedsScript(root);
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("is-done");
    say(button.dataset.copied);
    setTimeout(() => button.classList.remove("is-done"), 1500);
  };

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.parentElement.remove();
    closeMenus(event.target.closest("details.menu"));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    const back = document.querySelector("[data-close-dialog]");
    if (back && !event.target.matches("input,textarea,select")) back.click();
  });

  document.addEventListener("change", (event) => {
    const control = event.target;
    for (const field of document.querySelectorAll(`[data-enabled-by="${CSS.escape(control.id)}"]`)) {
      followSwitch(field);
    }
    if (control.matches("[data-submit]")) control.form.requestSubmit();
    if (control.matches("[data-check-all]")) {
      for (const box of control.closest("table").querySelectorAll("tbody input[type=checkbox]")) {
        box.checked = control.checked;
      }
    }
    if (control.matches("[data-upload] input[type=file]")) {
      control.closest("[data-upload]").classList.toggle("has-file", control.files.length > 0);
    }
  });

  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const box = event.target.closest && event.target.closest("[data-upload]");
      if (!box) return;
      event.preventDefault();
      box.classList.toggle("is-over", name === "dragover");
      if (name !== "drop" || !event.dataTransfer.files.length) return;
      const input = box.querySelector("input[type=file]");
      const files = new DataTransfer();
      const taken = input.multiple ? event.dataTransfer.files : [event.dataTransfer.files[0]];
      for (const file of taken) files.items.add(file);
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
})();
