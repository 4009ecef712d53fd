// The page of one document: keys, and totals while amounts are typed. All of it works
// without this, by links, buttons and a form.
"use strict";

(() => {
  const page = document.querySelector("[data-document]");
  if (!page) return;

  /* Keys */
  const findings = () => [...page.querySelectorAll("[data-finding]")];

  const show = (element) => {
    if (getComputedStyle(element.closest(".part")).display === "none") location.hash = "findings";
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  };

  const toFinding = (step) => {
    const all = findings();
    if (!all.length) return;
    const now = all.findIndex((one) => one.contains(document.activeElement));
    const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length;
    show(all[next]);
  };

  // Into the field that asks why the finding is accepted: of the present one, or the first.
  const toReason = () => {
    const all = findings();
    const now = all.find((one) => one.contains(document.activeElement)) || all[0];
    const field = now && now.querySelector("[data-key-accept]");
    if (field) show(field);
  };

  const zoom = (step) => {
    const all = [...page.querySelectorAll('[name="zoom"]')];
    const now = all.findIndex((one) => one.checked);
    const next = all[Math.min(Math.max(now + step, 0), all.length - 1)];
    if (next) next.checked = true;
  };

  const press = (selector) => {
    const control = page.querySelector(selector);
    if (control) control.click();
  };

  const keys = {
    n: () => toFinding(1),
    p: () => toFinding(-1),
    a: () => toReason(),
    e: () => press("[data-key-edit]"),
    s: () => press("[data-key-next]"),
    "+": () => zoom(1),
    "-": () => zoom(-1),
    0: () => press("#zoom-fit"),
    "?": () => document.getElementById("keys").togglePopover(),
  };

  // At a finding with a field a person types next what belongs there: no letter leaves the page.
  const leaving = ["e", "s"];

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=radio]),textarea,select");
    const isAtField = event.target.matches("[data-finding]:has(.form-control)");
    if (event.key === "Escape" && (isTyping || isAtField)) event.target.blur();
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isAtField && leaving.includes(event.key)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  /* Totals, exactly: amounts are whole numbers of their smallest part */
  const box = page.querySelector("[data-totals]");

  // 1,119.00 and 1.119,00 as the server reads them; what has two readings has none here.
  const plain = (text) => {
    const typed = text.replace(/(?<=\d)[\s'\u2019](?=\d{3})/g, "");
    const grouped = /^(-?)\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*([.,]\d+)?$/.exec(typed);
    if (grouped && grouped[3] && grouped[3][0] !== grouped[2]) {
      return typed.replaceAll(grouped[2], "").replace(",", ".");
    }
    return /^-?\d+,\d+$/.test(typed) && !/,\d{3}$/.test(typed) ? typed.replace(",", ".") : typed;
  };

  const exact = (text) => {
    const found = /^\s*(-?)(\d{1,15})(?:\.(\d{1,10}))?\s*$/.exec(plain(text));
    if (!found) return null;
    const value = BigInt(found[2] + (found[3] || "").padEnd(10, "0"));
    return found[1] ? -value : value;
  };

  // The signs between digits are those of the page's language.
  const parts = new Intl.NumberFormat(document.documentElement.lang).formatToParts(1234567.5);
  const sign = (type) => parts.find((each) => each.type === type).value;

  const written = (value, decimals) => {
    const digits = String(value < 0n ? -value : value).padStart(11, "0");
    const whole = digits.slice(0, -10).replace(/\B(?=(\d{3})+$)/g, sign("group"));
    const part = digits.slice(-10).replace(/0+$/, "").padEnd(decimals, "0");
    return (value < 0n ? "-" : "") + whole + (part ? sign("decimal") + part : "");
  };

  // What is typed, or what the document has where another part of it is corrected.
  const amount = (name) => {
    const field = page.querySelector(`.doc-form [data-amount="${name}"]`);
    const shown = box.querySelector(`[data-total="${name}"]`);
    return field ? exact(field.value) : shown && exact(shown.dataset.value);
  };

  // The lines with what is typed into one of them.
  const lineSum = () => {
    const lines = exact(box.dataset.lines);
    const field = page.querySelector('.doc-form [data-amount^="INVOICE_TABLE/"][data-amount$="/NET_AMOUNT"]');
    if (lines === null || !field) return lines;
    const seen = field.closest(".doc-form").elements[field.name.replace(/^value/, "seen")];
    const typed = exact(field.value);
    return typed === null ? null : lines - (exact(seen.value) || 0n) + typed;
  };

  const addUp = () => {
    const decimals = Number(box.dataset.decimals);
    for (const shown of box.querySelectorAll("[data-total]")) {
      const value = amount(shown.dataset.total);
      shown.textContent = value === null ? "–" : written(value, decimals);
    }
    const lines = lineSum();
    const sum = box.querySelector("[data-sum]");
    if (sum) sum.textContent = lines === null ? "–" : written(lines, decimals);
    const [net, vat, gross] = ["total_net_amount", "total_tax_amount", "total_amount"].map(amount);
    const difference = box.querySelector("[data-difference]");
    if (!difference || net === null || gross === null) return;
    const ofGross = gross - net - (vat || 0n);
    const ofLines = lines === null ? 0n : net - lines;
    const [due, paid, rounding] = ["amount_due", "prepaid_amount", "rounding_amount"].map(amount);
    const payable = gross - (paid || 0n) + (rounding || 0n) + (exact(box.dataset.others) || 0n);
    const ofDue = due === null ? 0n : due - payable;
    const off = ofGross || ofLines || ofDue;
    const label = difference.querySelector("dt");
    const kind = ofGross || !off ? "ofGross" : ofLines ? "ofLines" : "ofDue";
    label.textContent = label.dataset[kind];
    difference.className = off === 0n ? "is-right" : "is-wrong";
    difference.querySelector("dd").textContent = written(off, decimals);
  };

  page.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches(".doc-input .form-control")) return;
    field.classList.toggle("is-changed", field.value !== field.defaultValue);
    if (box && field.closest(".doc-form") && field.dataset.amount) addUp();
  });

  page.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
