"""ionport's own lint rules; run as `python -m tools.rules` by `make lint`.

unscoped-repository-method   a public method of a `…Repository` class takes no `scope`
unused-scope                 it takes one, but neither reads an attribute of it nor hands it to what
                             does; a comment `# scope unused: <reason>` in the method permits that,
                             and `scope: SystemScope` means all rows
scope-beside-work            a function takes `work` and `scope` apart: it takes one access
                             (tools/access_use.py, with the folders that may still do so)
slow-in-transaction          a parser, renderer or signer, `blobs.put`, a file or httpx2 is called
                             where a transaction is held; a comment `# within the transaction:
                             <reason>` on the line or the one above permits that
system-scope-without-reason  `SystemScope(…)` without words that say why all rows are seen
xml-parser-outside-its-module
                             lxml or another XML parser is used outside core/xml.py,
                             core/xslt/stylesheets.py and the client library's answers/xml_reader.py
untranslated-text            a template shows words that do not go through gettext
inline-style-or-script       a template has a style attribute, style element or inline script
import-circle                modules import each other in a circle, types included
unknown-import               a test or tool imports a name that its module does not have
full-folder                  a folder holds more modules than the limit (tools/sizes.py)
long-module                  a module has more lines than the limit
misplaced-migration          a migration's number is taken or leaves a gap, or its folder is another
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tools.access_use import scopes_beside_work, slow_work
from tools.import_circles import import_circles
from tools.import_names import unknown_imports
from tools.migration_order import misplaced_migrations
from tools.scope_use import unused_scopes
from tools.sizes import full_folders, long_modules
from tools.violation import Violation

PARSER_MODULES = ("core/xml.py", "core/xslt/stylesheets.py", "ionapi/answers/xml_reader.py")
_XML_MODULES = ("xml.etree", "xml.dom", "xml.sax", "xml.parsers", "defusedxml", "html5lib")
_LXML_PARSERS = {"parse", "fromstring", "XML", "HTML", "XMLParser", "HTMLParser", "iterparse"}
_LXML_PARSERS |= {"XMLPullParser", "XMLID", "fromstringlist", "XSLT"}
_SHOWN_ATTRIBUTES = {"title", "placeholder", "aria-label", "alt", "data-confirm"}
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")


def check_python(path: Path, source: str) -> Iterator[Violation]:
    """Check one module against the rules for Python."""
    tree = ast.parse(source, filename=str(path))
    if path.name.endswith("repository.py"):
        yield from _unscoped_methods(path, tree)
        yield from unused_scopes(path, tree, source)
    yield from _system_scopes(path, tree)
    yield from scopes_beside_work(path, tree)
    yield from slow_work(path, tree, source)
    if not path.as_posix().endswith(PARSER_MODULES):
        yield from _xml_parsers(path, tree)


def _unscoped_methods(path: Path, tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ClassDef) and node.name.endswith("Repository")):
            continue
        for method in node.body:
            if not isinstance(method, ast.FunctionDef) or method.name.startswith("_"):
                continue
            arguments = method.args.posonlyargs + method.args.args + method.args.kwonlyargs
            if "scope" not in {argument.arg for argument in arguments}:
                yield Violation(
                    path,
                    method.lineno,
                    "unscoped-repository-method",
                    f"{node.name}.{method.name} takes no scope",
                )


def _system_scopes(path: Path, tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("SystemScope")):
            continue
        reason = node.args[0] if node.args else None
        if reason is None or (isinstance(reason, ast.Constant) and not str(reason.value).strip()):
            yield Violation(
                path, node.lineno, "system-scope-without-reason", "say why all rows are seen"
            )


def _xml_parsers(path: Path, tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Import):
            name = next((a.name for a in node.names if a.name.startswith(_XML_MODULES)), "")
        elif isinstance(node, ast.ImportFrom) and node.module:
            if f"{node.module}.".startswith(tuple(f"{m}." for m in (*_XML_MODULES, "xml"))):
                name = node.module
            elif node.module == "lxml.etree":
                name = next((a.name for a in node.names if a.name in _LXML_PARSERS), "")
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "etree"
            and node.attr in _LXML_PARSERS
        ):
            name = f"etree.{node.attr}"
        if name:
            yield Violation(
                path,
                getattr(node, "lineno", 1),
                "xml-parser-outside-its-module",
                f"{name}: parse with ionport.core.xml",
            )


class _TemplateReader(HTMLParser):
    """Collects words and attributes of a template whose Jinja parts were blanked out."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._skip = 0
        self.found: list[Violation] = []

    def _add(self, rule: str, text: str) -> None:
        self.found.append(Violation(self._path, self.getpos()[0], rule, text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self._add("inline-style-or-script", f"<{tag}> has a style or an event handler")
        if tag == "script" and "src" not in values:
            self._add("inline-style-or-script", "<script> without src")
        if tag in ("script", "style"):
            self._skip += 1
        for name in _SHOWN_ATTRIBUTES & set(values):
            if _WORD.search(values[name] or ""):
                self._add("untranslated-text", f"{name}={values[name]!r}")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style") and self._skip:
            self._skip -= 1

    def handle_data(self, data: str) -> None:
        if not self._skip and _WORD.search(data):
            self._add("untranslated-text", repr(" ".join(data.split())[:60]))


def check_template(path: Path, source: str) -> Iterator[Violation]:
    """Check one Jinja template: every word a person reads goes through gettext."""
    without_translations = re.sub(
        r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", _blank, source, flags=re.DOTALL
    )
    without_jinja = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", _blank, without_translations, flags=re.DOTALL
    )
    reader = _TemplateReader(path)
    reader.feed(without_jinja)
    reader.close()
    yield from reader.found


def _blank(match: re.Match[str]) -> str:
    return "".join("\n" if letter == "\n" else "_" for letter in match[0])


def check_tree(root: Path) -> list[Violation]:
    """Check every module and template below `root`."""
    found: list[Violation] = []
    for path in sorted(root.rglob("*.py")):
        found += check_python(path, path.read_text(encoding="utf-8"))
    for path in sorted(root.rglob("templates/**/*.html")):
        found += check_template(path, path.read_text(encoding="utf-8"))
    found += import_circles(root)
    found += full_folders(root)
    found += long_modules(root)
    found += misplaced_migrations(root)
    return found


def main() -> int:
    """Print every violation, in `src` and of imports beside it; exit status 1 if there is one."""
    violations = [*check_tree(Path("src/ionport")), *unknown_imports(Path())]
    for violation in violations:
        print(violation)  # noqa: T201
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
