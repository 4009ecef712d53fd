"""The manual explains every error text of the authorization server: computed from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import ionport.oauth
from ionport.manual import read_page
from ionport.oauth.protocol import OAuthError

FOLDER = Path(ionport.oauth.__file__).parent
# Functions and classes of the folder that make the answer out of a text.
_TELLERS = {
    *("AuthorizationRefused", "InvalidScopes", "SamlRefused", "TooManyRequests", "_Limit"),
    *("Unauthenticated", "error_response", "refused", "_refused"),
    *(kind.__name__ for kind in OAuthError.__subclasses__()),
    *(sub.__name__ for kind in OAuthError.__subclasses__() for sub in kind.__subclasses__()),
}
_CODES = {
    *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"),
    *("temporarily_unavailable", "access_denied"),
}
Names = Mapping[str, list[ast.expr]]


def _text(node: ast.expr) -> str | None:
    """The text that an expression makes, with … for what it fills in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(p.value if isinstance(p, ast.Constant) else "…" for p in parts)
        case ast.Call(func=ast.Name(id="_"), args=[text]):
            return _text(text)
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            inner = _text(template)
            return None if inner is None else re.sub(r"\{\w+\}", "…", inner)
    return None


def _texts(node: ast.expr, local: Names, shared: Names) -> Iterator[str]:
    """The texts of an argument, also by the name of a variable or constant."""
    values = [node]
    if isinstance(node, ast.Name):
        values = local.get(node.id) or shared.get(node.id) or []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = node.func.value
        if node.func.attr == "format" and isinstance(inner, ast.Name):
            values = local.get(inner.id) or shared.get(inner.id) or []
    for value in values:
        if (text := _text(value)) and " " in text:
            yield re.sub(r"\{\w+\}", "…", text)


def _assigned(scope: ast.AST) -> Names:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _told(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shared = _assigned(tree)
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        local = _assigned(scope)
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and _name(node.func) in _TELLERS:
                # What follows the text of a `_refused` is for the log.
                for argument in node.args[:1] if _name(node.func) == "_refused" else node.args:
                    yield from _texts(argument, local, shared)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _all_texts() -> set[str]:
    # What only the private log says stands in `detail`, a keyword of these calls.
    return {text for path in FOLDER.rglob("*.py") for text in _told(path)} - _CODES


def _explained() -> list[re.Pattern[str]]:
    quoted = re.findall(r"(?<!\*)\*([^*|]+)\*(?!\*)", read_page("oauth-errors").text)
    return [re.compile(".*".join(map(re.escape, text.split("…")))) for text in quoted]


def test_the_texts_are_found_in_the_code() -> None:
    texts = _all_texts()
    assert "Invalid client or client credentials." in texts
    assert "unknown, invalid, or expired refresh token" in texts
    assert "its Audience must be …" in texts
    assert "The access token has expired. Refresh it or log in again." in texts
    assert len(texts) > 80


def test_every_error_text_is_explained_with_its_remedy() -> None:
    explained = _explained()
    missing = [
        text for text in sorted(_all_texts()) if not any(one.fullmatch(text) for one in explained)
    ]
    assert not missing, "\n".join(["docs/oauth-errors.md says nothing of:", *missing])


def test_the_manual_explains_no_text_that_is_gone() -> None:
    texts = _all_texts()
    gone = [one.pattern for one in _explained() if not any(map(one.fullmatch, texts))]
    assert not gone, "\n".join(["no code says any more:", *gone])
