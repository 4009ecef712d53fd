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

  /* More files than one request may have go in batches; the rows of each answer join the first. */
  function inBatches(files, most, mostBytes) {
    const batches = [];
    let bytes = 0;
    for (const file of files) {
      const last = batches[batches.length - 1];
      if (last && last.length < most && bytes + file.size <= mostBytes) {
        last.push(file);
        bytes += file.size;
      } else {
        batches.push([file]);
        bytes = file.size;
      }
    }
    return batches;
  }

  async function sendBatches(form, input, batches) {
    const fields = [...new FormData(form)].filter(([name]) => name !== input.name);
    const total = input.files.length;
    const progress = document.createElement("p");
    progress.setAttribute("role", "status");
    form.prepend(progress);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    let sent = 0;
    for (const files of batches) {
      progress.textContent = `${sent} / ${total}`;
      const body = new FormData();
      for (const [name, value] of fields) body.append(name, value);
      for (const file of files) body.append(input.name, file);
      const answer = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const rows = page.querySelectorAll("[data-results] tr");
      const shown = document.querySelector("[data-results]");
      sent += files.length;
      if (!rows.length) {
        // What was answered says why; the rows so far stay above it.
        const reason = page.querySelector(".form-error, [role=alert], main p");
        progress.textContent = `${sent - files.length} / ${total} ${reason ? reason.textContent : ""}`;
        break;
      }
      if (shown) shown.append(...rows);
      else form.before(...page.querySelectorAll("#results, .table-box:has([data-results])"));
      progress.textContent = `${sent} / ${total}`;
    }
    input.value = "";
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-batch-files]")) return;
    const input = form.querySelector("input[type=file]");
    const { batchFiles, batchBytes } = form.dataset;
    const batches = inBatches([...input.files], Number(batchFiles), Number(batchBytes));
    if (batches.length < 2) return;
    event.preventDefault();
    document.querySelectorAll("#results, .table-box:has([data-results])").forEach((old) => old.remove());
    sendBatches(form, input, batches);
  });

  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
})();
