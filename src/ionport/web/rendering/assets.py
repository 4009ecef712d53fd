"""Static files: addressed with a hash of their content, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parents[1] / "static"
_ONE_YEAR = 31_536_000


@cache
def asset_url(name: str) -> str:
    """Return the address of a static file, with its version."""
    return f"/static/{name}?v={_version(name)}"


@cache
def _version(name: str) -> str:
    path = FOLDER / name
    if not path.is_file():
        return "missing"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def icon(name: str) -> Markup:
    """Return an outline icon as SVG; it says nothing to a screen reader."""
    return Markup(  # noqa: S704 - the paths come from the installed icon package
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none"'
        ' stroke="currentColor" stroke-width="2" stroke-linecap="round"'
        f' stroke-linejoin="round" aria-hidden="true">{_icons().get(name, "")}</svg>'
    )


@cache
def _icons() -> dict[str, str]:
    path = FOLDER / "vendor" / "icons.json"
    if not path.is_file():
        return {}
    icons: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return icons


class VersionedFiles(StaticFiles):
    """Static files that a browser keeps when asked for by version, else asks for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = QueryParams(scope["query_string"]).get("v")
        kept = asked is not None and asked == _version(path)
        response.headers["Cache-Control"] = (
            f"public, max-age={_ONE_YEAR}, immutable" if kept else "no-cache"
        )
        return response
