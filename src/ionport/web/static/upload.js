// Upload of many files: what was chosen is shown and judged at once, and goes in batches.
"use strict";

(() => {
  const form = document.querySelector("form[data-batch-files]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const SHOWN = 200;
  let list = null;

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  const size = (bytes) =>
    bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

  const trouble = (file) => {
    if (file.size === 0) return form.dataset.empty;
    return file.size > Number(form.dataset.fileBytes) ? form.dataset.tooLarge : "";
  };

  const leaveOut = (left) => {
    const files = new DataTransfer();
    for (const file of input.files) if (file !== left) files.items.add(file);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  };

  const row = (file) => {
    const item = element("li");
    const name = element("span", "file-name", file.name);
    name.title = file.name;
    const button = element("button", "", form.dataset.leaveOut);
    button.type = "button";
    button.setAttribute("aria-label", `${form.dataset.leaveOut}: ${file.name}`);
    button.addEventListener("click", () => leaveOut(file));
    item.append(name, element("span", "muted", size(file.size)), button);
    const told = trouble(file);
    if (told) item.append(element("span", "file-trouble", told));
    return item;
  };

  const show = () => {
    if (list) list.remove();
    list = null;
    const files = [...input.files];
    if (!files.length) return;
    // What would be refused stands first.
    files.sort((one, other) => Boolean(trouble(other)) - Boolean(trouble(one)));
    list = element("ul", "chosen-files");
    list.tabIndex = 0;
    list.setAttribute("aria-label", form.querySelector("label[for=files]").textContent.trim());
    list.append(...files.slice(0, SHOWN).map(row));
    const more = files.length - SHOWN;
    if (more > 0) list.append(element("li", "muted", form.dataset.andMore.replace("{n}", String(more))));
    input.closest(".form-row").append(list);
  };

  const inBatches = (files, most, mostBytes) => {
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
  };

  const count = () => {
    for (const number of document.querySelectorAll("[data-count]")) {
      const found = document.querySelectorAll(`[data-outcome="${number.dataset.count}"]`).length;
      number.textContent = String(found);
      number.closest("li").hidden = found === 0;
    }
    const cards = [...document.querySelectorAll("[data-results] > li")];
    const order = ["held", "refused", "later", "approve", "in", "here"];
    cards.sort((one, other) => order.indexOf(one.dataset.outcome) - order.indexOf(other.dataset.outcome));
    document.querySelector("[data-results]")?.append(...cards);
    const ready = document.getElementById("export-ready");
    if (ready) {
      const found = document.querySelectorAll('[data-outcome="in"]').length;
      ready.hidden = found === 0 || found > Number(ready.dataset.most);
    }
  };

  const send = async (batches) => {
    const fields = [...new FormData(form)].filter(([name]) => name !== input.name);
    const total = input.files.length;
    const line = element("p", "upload-progress");
    line.setAttribute("role", "status");
    const bar = element("progress");
    bar.max = total;
    bar.value = 0;
    bar.setAttribute("aria-label", form.querySelector("label[for=files]").textContent.trim());
    const text = element("span", "", `0 / ${total}`);
    line.append(bar, text);
    form.prepend(line);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    let sent = 0;
    for (const files of batches) {
      const body = new FormData();
      for (const [name, value] of fields) body.append(name, value);
      for (const file of files) body.append(input.name, file);
      let page;
      try {
        const answer = await fetch(form.action, { method: "POST", body });
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
      } catch (error) {
        text.textContent = `${sent} / ${total} ${error.message}`;
        break;
      }
      const cards = page.querySelectorAll("[data-results] > li");
      if (!cards.length) {
        // What was answered says why; the cards so far stay above it.
        const reason = page.querySelector(".form-error, [role=alert], main p");
        text.textContent = `${sent} / ${total} ${reason ? reason.textContent : ""}`;
        break;
      }
      sent += files.length;
      const shown = document.querySelector("[data-results]");
      if (shown) shown.append(...cards);
      else form.before(page.getElementById("results"));
      count();
      bar.value = sent;
      text.textContent = `${sent} / ${total}`;
    }
    // What was not sent stays chosen.
    const left = new DataTransfer();
    for (const file of [...input.files].slice(sent)) left.items.add(file);
    input.files = left.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  };

  input.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    const { batchFiles, batchBytes } = form.dataset;
    const batches = inBatches([...input.files], Number(batchFiles), Number(batchBytes));
    if (batches.length < 2) return;
    event.preventDefault();
    document.getElementById("results")?.remove();
    send(batches);
  });
  show();
})();
