// A mapping file: the editor in place of the text area, findings and preview while one types.
// Without this script the same form checks and saves by its buttons.
"use strict";

(() => {
  const { MappingEditor } = window;
  if (!MappingEditor) return;
  const CHECK_AFTER = 400;

  const merged = document.querySelector("[data-merge]");
  // On a phone two sides are too narrow to be read: there the unified difference stays.
  if (merged && matchMedia("(min-width: 701px)").matches) {
    const text = (name) => document.querySelector(`template[${name}]`).content.textContent;
    const { merge: kind, oldLabel, newLabel, leftOut } = merged.dataset;
    merged.hidden = false;
    MappingEditor.merge({
      parent: merged, before: text("data-old"), after: text("data-new"), kind,
      labels: [oldLabel, newLabel], phrases: { "$ unchanged lines": leftOut },
    });
    document.querySelector("[data-unified]").hidden = true;
  }

  const form = document.getElementById("mapping");
  if (!form) return;
  const area = form.querySelector("textarea[name=text]");
  const box = form.querySelector("[data-editor]");
  const panel = document.getElementById("panel");
  const state = form.querySelector("[data-state]");
  const preview = form.querySelector("[data-preview]");
  const saved = "edited" in form.dataset ? null : area.value;
  let leaves = false;
  let timer = 0;
  let asked = 0;
  let editor = null;

  const isEdited = () => area.value !== saved;

  let known = null;
  const words = () => (known ??= fetch(form.dataset.words).then((answer) => answer.json()));

  let findings = [];
  let told = 0;
  const fixesOf = (finding) => (finding.fix.length && !area.readOnly
    ? [{ label: form.dataset.fix, apply: () => editor.applyEdits(finding.fix) }] : []);

  const take = (found) => {
    findings = found.findings;
    panel.innerHTML = found.panel;
    tellPanel(told);
    editor.setFindings(findings.map((one) => ({ ...one, fixes: fixesOf(one) })));
    state.textContent = isEdited() ? form.dataset.unsaved : "";
    form.dataset.checked = String(asked);
  };

  const check = async () => {
    const number = ++asked;
    const body = new FormData(form);
    body.delete("action");
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body });
      if (number !== asked) return;
      if (answer.ok) take(await answer.json());
      else state.textContent = form.dataset.away;
    } catch {
      state.textContent = form.dataset.away;
    } finally {
      if (number === asked) panel.removeAttribute("aria-busy");
    }
  };

  const checkSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER);
  };

  const tellPanel = (line) => {
    told = line;
    for (const each of panel.querySelectorAll("[data-line]")) {
      each.closest("tr,li").classList.toggle("is-told", Number(each.dataset.line) === line);
    }
    for (const box of [panel, panel.querySelector(".findings")]) bringInto(box, ".is-told");
  };

  // Scrolls the box alone, and only where the first told thing is out of its sight.
  const bringInto = (box, wanted) => {
    const one = box && box.scrollHeight > box.clientHeight && box.querySelector(wanted);
    if (!one) return;
    const [outer, inner] = [box.getBoundingClientRect(), one.getBoundingClientRect()];
    const bottom = Math.min(outer.bottom, innerHeight);
    if (inner.top >= outer.top && inner.bottom <= bottom) return;
    box.scrollTop += inner.top - outer.top - (bottom - outer.top - inner.height) / 2;
  };

  const host = document.createElement("div");
  host.className = "editor-host";
  box.classList.add("has-editor");
  box.append(host);
  editor = MappingEditor.create({
    parent: host, text: area.value, kind: form.dataset.kind, label: form.dataset.label,
    readOnly: area.readOnly, words,
    onChange: (text) => { area.value = text; checkSoon(); },
    onLine: tellPanel,
  });
  area.hidden = true;
  // A session that ended meanwhile: what was typed is put back into the area.
  area.addEventListener("input", () => { if (editor.text() !== area.value) editor.setText(area.value); });
  for (const button of form.querySelectorAll("[data-without-script]")) button.hidden = true;
  form.mappingEditor = editor;

  const lineAt = (event) => {
    const target = event.target.closest && event.target.closest("[data-line]");
    return target ? Number(target.dataset.line) : 0;
  };
  panel.addEventListener("click", (event) => {
    const line = lineAt(event);
    if (line) { event.preventDefault(); editor.goTo(line); editor.tell([line]); }
    const fix = event.target.closest("[data-fix]");
    if (fix) { event.preventDefault(); editor.applyEdits(findings[Number(fix.dataset.fix)].fix); }
  });
  for (const name of ["mouseover", "focusin"]) {
    panel.addEventListener(name, (event) => editor.tell([lineAt(event)].filter(Boolean)));
  }
  panel.addEventListener("mouseleave", () => editor.tell([]));

  if (preview) preview.addEventListener("change", check);
  form.addEventListener("submit", () => { leaves = true; });
  addEventListener("pageshow", () => { leaves = false; });
  addEventListener("beforeunload", (event) => {
    if (!leaves && !area.readOnly && isEdited()) { event.preventDefault(); event.returnValue = form.dataset.leave; }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      const save = form.querySelector("[data-save]");
      if (save) { event.preventDefault(); form.requestSubmit(save); }
    }
  });
  const wanted = location.hash.match(/^#line-(\d+)$/);
  if (wanted) editor.goTo(Number(wanted[1]), { focus: false });
  check();
})();
