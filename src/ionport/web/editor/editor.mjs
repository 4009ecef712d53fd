// The text editor of mapping files: CodeMirror with the grammar, marks and completion that they need.
// tools/assets.py bundles it to static/vendor/editor.min.js, which defines `MappingEditor`.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { xml } from "@codemirror/legacy-modes/mode/xml";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { MergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

// `key = value`: the first "=" separates; `#` comments at the begin of a line alone.
const properties = {
  startState: () => ({ isValue: false }),
  token(stream, state) {
    if (stream.sol()) {
      state.isValue = false;
      stream.eatSpace();
      if (stream.peek() === "#") { stream.skipToEnd(); return "comment"; }
    }
    if (!state.isValue) {
      if (stream.eat("=")) { state.isValue = true; return "operator"; }
      if (!stream.skipTo("=")) stream.skipToEnd();
      return "propertyName";
    }
    if (stream.match(/^(?:BT|BG|OWN)-[A-Z0-9-]+/i)) return "atom";
    if (stream.match(/^(?:SV|SF|IF|TF)_[\w-]+/)) return "variableName";
    if (stream.match(/^[,+:]/)) return "operator";
    if (stream.match(/^-?\d+(?:\.\d+)?(?![\w.-])/)) return "number";
    stream.next();
    stream.eatWhile(/[^,+:]/);
    return "string";
  },
};
const LANGUAGES = { toml: toml, xslt: xml };
const languageOf = (kind) => StreamLanguage.define(LANGUAGES[kind] || properties);

// The colours are those of the page: custom properties reach into the shadow tree.
const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.propertyName, tags.tagName, tags.heading], color: "var(--editor-key)" },
  { tag: [tags.atom, tags.bool], color: "var(--editor-term)", fontWeight: "600" },
  { tag: [tags.variableName, tags.attributeName], color: "var(--editor-name)" },
  { tag: tags.number, color: "var(--editor-number)" },
  { tag: tags.operator, color: "var(--quiet)" },
  { tag: tags.string, color: "var(--ink)" },
]);
const FONT = "12.5px/20px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--card)", font: FONT, height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--brand)", outlineOffset: "-2px" },
  ".cm-scroller": { font: FONT, overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--card-quiet)", color: "var(--quiet)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--editor-active)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--editor-selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--brand-tint)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip": { borderRadius: "6px", boxShadow: "0 8px 24px var(--shadow)", maxWidth: "min(560px, 90vw)", font: "13px/1.45 system-ui, sans-serif" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--brand-strong)", color: "#fff" },
  ".cm-completionDetail": { color: "inherit", opacity: ".75", fontStyle: "normal" },
  ".cm-diagnostic": { padding: "8px 12px", whiteSpace: "pre-wrap" },
  ".cm-diagnosticText": { display: "block" },
  ".cm-diagnosticAction": { backgroundColor: "var(--brand-strong)", color: "#fff", borderRadius: "4px", padding: "3px 10px", margin: "6px 0 0", cursor: "pointer" },
  ".cm-textfield": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--input-line)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--grey)", color: "var(--ink)", border: "1px solid var(--input-line)" },
  ".is-told": { backgroundColor: "var(--editor-told)" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--bad-bg)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "var(--good-bg)" },
  "&.cm-merge-a .cm-changedText": { background: "var(--bad-line)" },
  "&.cm-merge-b .cm-changedText": { background: "var(--good-line)" },
  ".cm-collapsedLines": { background: "var(--card-quiet)", color: "var(--quiet)", textAlign: "center" },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: "none" },
});

const tell = StateEffect.define();
const told = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(tell)) continue;
      const made = new RangeSetBuilder();
      const lines = [...new Set(effect.value)].sort((one, other) => one - other);
      for (const number of lines) {
        if (number < 1 || number > transaction.state.doc.lines) continue;
        const { from } = transaction.state.doc.line(number);
        made.add(from, from, Decoration.line({ class: "is-told" }));
      }
      now = made.finish();
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// A shadow tree takes style sheets that are made by script, which the page's policy allows there
// and forbids in the page itself.
const shadowOf = (parent) => parent.shadowRoot || parent.attachShadow({ mode: "open" });

const completion = (words) => async (context) => {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  if (/^\s*#/.test(before)) return null;
  const part = before.match(/[\w.-]*$/)[0];
  if (!part && !context.explicit) return null;
  const known = await words();
  const options = before.includes("=") ? known.values : known.keys;
  return { from: context.pos - part.length, options, validFor: /^[\w.-]*$/ };
};

const diagnosticsOf = (state, findings, fixLabel) =>
  findings.filter((one) => one.line && one.line <= state.doc.lines).map((one) => {
    const line = state.doc.line(one.line);
    const actions = (one.fixes || []).map((fix) => ({
      name: fix.label || fixLabel,
      apply: (view) => fix.apply(view),
    }));
    return {
      from: line.from, to: Math.max(line.to, line.from),
      severity: one.severity, message: `${one.text} ${one.remedy}`.trim(), actions,
    };
  });

const create = ({ parent, text, kind, label, readOnly, words, phrases, onChange, onLine }) => {
  const root = shadowOf(parent);
  let lastLine = 0;
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(),
        highlightSelectionMatches(), search({ top: true }), lintGutter(),
        languageOf(kind), syntaxHighlighting(colours), theme, told,
        autocompletion({ override: [completion(words)], icons: false }),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorState.readOnly.of(readOnly),
        EditorState.phrases.of(phrases || {}),
        keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
          const line = update.state.doc.lineAt(update.state.selection.main.head).number;
          if (line !== lastLine) { lastLine = line; onLine(line); }
        }),
      ],
    }),
  });
  return {
    view,
    text: () => view.state.doc.toString(),
    setText: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    // Places count lines and signs from 1, a sign of two units as one.
    applyEdits(edits) {
      const place = (number, column) => {
        const line = view.state.doc.line(Math.min(number, view.state.doc.lines));
        if (number > view.state.doc.lines) return view.state.doc.length;
        return line.from + [...line.text].slice(0, column - 1).join("").length;
      };
      view.dispatch({
        changes: edits.map((edit) => ({
          from: place(edit.line, edit.column), to: place(edit.end_line, edit.end_column), insert: edit.text,
        })),
      });
    },
    setFindings: (findings, fixLabel) =>
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, findings, fixLabel))),
    tell: (lines) => view.dispatch({ effects: tell.of(lines) }),
    goTo(number, { focus = true } = {}) {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      view.dispatch({
        selection: { anchor: line.from },
        effects: EditorView.scrollIntoView(line.from, { y: "center" }),
      });
      if (focus) view.focus();
    },
  };
};

const merge = ({ parent, before, after, kind, labels, phrases }) => {
  const root = shadowOf(parent);
  const side = (doc, label) => ({
    doc,
    extensions: [
      lineNumbers(), languageOf(kind), syntaxHighlighting(colours), theme, drawSelection(),
      EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      EditorState.phrases.of(phrases || {}),
    ],
  });
  return new MergeView({
    a: side(before, labels[0]), b: side(after, labels[1]), parent: root, root,
    collapseUnchanged: { margin: 3, minSize: 6 }, gutter: true,
  });
};

export { create, merge };
