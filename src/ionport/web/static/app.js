// Small comforts on top of pages that work without any of this.
"use strict";

(() => {
  document.documentElement.classList.add("has-script");

  const say = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };

  const two = (number) => String(number).padStart(2, "0");

  // As the server writes days (core/i18n.py, web/locales.py).
  const dot = document.documentElement.lang === "fr" ? "/" : ".";

  const localTime = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent =
        `${two(at.getDate())}${dot}${two(at.getMonth() + 1)}${dot}${at.getFullYear()} ` +
        `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
      time.dataset.local = "";
    }
  };

  const forgetErrors = (root) => {
    for (const wrong of root.querySelectorAll(".form-error")) wrong.remove();
    for (const field of root.querySelectorAll(".is-invalid")) field.classList.remove("is-invalid");
    for (const field of root.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      const notes = (field.getAttribute("aria-describedby") || "").split(" ");
      const left = notes.filter((id) => document.getElementById(id));
      if (left.length) field.setAttribute("aria-describedby", left.join(" "));
      else field.removeAttribute("aria-describedby");
    }
  };

  const followSwitch = (field) => {
    const control = document.getElementById(field.dataset.enabledBy);
    if (control) field.disabled = !control.checked;
  };

  // On a phone a row of three columns and more is a card, whose cells tell what column they are of.
  const labelCells = (root) => {
    for (const table of root.querySelectorAll("table.rows:not(.documents-table, .grants)")) {
      const heads = [...table.querySelectorAll(":scope > thead > tr:last-child > *")];
      if (heads.length < 3 || table.closest("#INVOICE_TABLE")) continue;
      table.classList.add("has-cards");
      for (const row of table.querySelectorAll(":scope > tbody > tr")) {
        const title = (row.querySelector(".row-title") || row.firstElementChild).closest("th,td");
        [...row.cells].forEach((cell, number) => {
          const text = cell.textContent.trim();
          cell.dataset.label = (heads[number] || {}).textContent?.trim() || "";
          cell.classList.toggle("is-title", cell === title);
          cell.classList.toggle("is-long", text.length > 26 || cell.colSpan > 1);
          cell.classList.toggle("is-menu", cell.querySelector(":scope > details.menu") !== null);
          cell.classList.toggle("is-empty", (!text || text === "–" || text === "-") && !cell.querySelector("img,svg,input,select"));
        });
      }
    }
  };

  const prepare = (root) => {
    localTime(root);
    labelCells(root);
    for (const field of root.querySelectorAll("[data-enabled-by]")) followSwitch(field);
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
      // What was wrong was the file before.
      forgetErrors(control.closest(".upload-row"));
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

  /* A session that ends while a form is filled: after signing in what was typed is there again. */
  const KEPT = "ionport-form";
  const SECRET = /password|secret|private|key_value/i;
  const user = document.body.dataset.user;
  const here = location.pathname + location.search;
  const isTyped = (field) =>
    field.name && !/^(hidden|password|submit|button|reset)$/.test(field.type) &&
    field.type !== "fieldset" && !SECRET.test(field.name);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || !user) return;
    const fields = [...form.elements].filter(isTyped).map((field) => ({
      name: field.name,
      value: field.type === "file" ? [...field.files].map((one) => one.name).join(", ") : field.value,
      checked: field.checked,
    }));
    const kept = { user, here, action: form.getAttribute("action"), fields };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  });

  const putBack = (form, fields) => {
    const files = [];
    const typed = [...form.elements].filter(isTyped);
    for (const { name, value, checked } of fields) {
      const isTick = (field) => field.type === "checkbox" || field.type === "radio";
      const at = typed.findIndex(
        (field) => field.name === name && (!isTick(field) || field.value === value));
      if (at < 0) continue;
      const [field] = typed.splice(at, 1);
      if (field.type === "file") { if (value) files.push(value); continue; }
      if (isTick(field)) field.checked = checked;
      else field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const { kept, keptFiles } = document.body.dataset;
    const note = document.createElement("p");
    note.className = "note note-info";
    note.setAttribute("role", "status");
    note.textContent = kept + (files.length ? ` ${keptFiles.replace("{names}", files.join(", "))}` : "");
    form.prepend(note);
    note.scrollIntoView({ block: "center" });
  };

  /* An operation that is chosen names its method before its path: the select takes it. */
  document.addEventListener("input", (event) => {
    const path = event.target.closest("[data-method]");
    if (!path) return;
    const select = document.getElementById(path.dataset.method);
    const [method, rest] = path.value.split(/ (.*)/, 2);
    if (!rest || ![...select.options].some((one) => one.value === method)) return;
    select.value = method;
    path.value = rest.trim();
  });
  /* A form is sent once: its button is busy until the answer comes. One whose answer is a file
     stays where it is, and says so. */
  const beSent = (form, submitter) => {
    form.dataset.isSent = "yes";
    const isHidden = submitter?.classList.contains("visually-hidden");
    const button = isHidden ? form.querySelector(".form-actions .btn-primary") : submitter;
    button?.setAttribute("aria-busy", "true");
  };
  const beSendable = (form) => {
    delete form.dataset.isSent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.isSent) return event.preventDefault();
    if (!form.matches("[data-downloads]")) return beSent(form, event.submitter);
    const sent = form.querySelector("template[data-sent]");
    if (!sent || event.submitter?.name === "action") return;
    form.dataset.isSent = "yes";
    // What was wrong with the form that came before is no longer true of this one.
    forgetErrors(form);
    form.append(sent.content.cloneNode(true));
  });
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || !form.dataset.isSent) return;
    beSendable(form);
    if (form.matches("[data-downloads]")) form.querySelector(":scope > .note")?.remove();
  });
  // A page that is shown again by going back.
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-is-sent]").forEach(beSendable));

  const comesBack = () => {
    if (!user) return;
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    sessionStorage.removeItem(KEPT);
    const from = document.referrer && new URL(document.referrer);
    const isBack = from && from.origin === location.origin && from.pathname.startsWith("/sign-in");
    if (!kept || !isBack || kept.user !== user || kept.here !== here) return;
    const form = [...document.forms].find(
      (one) => one.method === "post" && one.getAttribute("action") === kept.action);
    if (form) putBack(form, kept.fields);
  };

  /* Where a part of the page is renewed, a control stays itself, with the focus that it has, or
     goes: none becomes another one while somebody presses it. */
  const isSameControl = (old, now) => {
    const equal = (name) => old.getAttribute(name) === now.getAttribute(name);
    const text = (one) => one.getAttribute("aria-label") || one.textContent.trim();
    const isToldAlike = () => text(old) === text(now);
    if (old.matches("a")) return equal("href") || isToldAlike();
    if (old.matches("button,.inline-form")) return equal("action") && equal("value") && isToldAlike();
    return equal("action") && equal("name") && (!/^(checkbox|radio)$/.test(old.type) || equal("value"));
  };
  htmx.registerExtension("same-control", {
    init: (api) => {
      const { isSoftMatch } = api;
      api.isSoftMatch = (old, now) => isSoftMatch(old, now) && isSameControl(old, now);
    },
  });
  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
  comesBack();

  // On a phone the contents of the manual stand before the page, folded; without this, behind it.
  const contents = document.querySelector(".manual-contents");
  if (contents && window.matchMedia("(max-width: 800px)").matches) {
    contents.open = false;
    contents.classList.add("is-folded");
  }

  // On a phone the rail is wider than the window: begin where one is, with a whole entry.
  const entry = document.querySelector(".rail a[aria-current]");
  if (entry) {
    const entries = [...document.querySelectorAll(".rail li > a")];
    entry.closest(".rail").scrollLeft = entries[Math.max(0, entries.indexOf(entry) - 2)].offsetLeft;
  }
})();
