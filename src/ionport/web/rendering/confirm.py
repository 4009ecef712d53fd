"""The page that asks before something is deleted, stopped or changed for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from ionport.web.rendering.templating import render

Crumbs = Sequence[tuple[str, str | None]]


def ask_first(
    request: Request,
    heading: str,
    texts: Sequence[str],
    button: str,
    *,
    crumbs: Crumbs,
    back: str = "",
    points: Sequence[str] = (),
    ending: Sequence[str] = (),
    action: str = "",
    hidden: Sequence[tuple[str, str]] = (),
    keeps_mark: bool = False,
    back_action: str = "",
    reason: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    is_destructive: bool = True,
) -> Response:
    """Show the question `heading`, what its `button` does, and the way back.

    `texts` say what will happen, `points` list the consequences below them, `ending` follows.
    `crumbs` lead to the page; without `back` the way back is the last of their addresses. The
    form is sent to `action` (this address when empty) with the fields of `hidden`, and with the
    mark of what an edit form showed when `keeps_mark` is on. With `back_action` the way back is a
    button of the form, which sends that `action`. `reason` asks for a text that is stored: its
    `label`, `help`, typed `value`, and `optional` if it may be empty; `errors` stand beside it.
    What is not `is_destructive` is asked without red.
    """
    addresses = [url for _label, url in crumbs if url]
    context = {
        "heading": heading,
        "texts": texts,
        "button": button,
        "crumbs": [*crumbs, (button, None)],
        "back": back or addresses[-1],
        "points": points,
        "ending": ending,
        "action": action,
        "hidden": hidden,
        "keeps_mark": keeps_mark,
        "back_action": back_action,
        "reason": reason,
        "errors": errors or {},
        "tone": "danger" if is_destructive else "primary",
    }
    return render(request, "shared/confirm.html", context, status=status)


def tell_why_not(
    request: Request, heading: str, texts: Sequence[str], *, crumbs: Crumbs
) -> Response:
    """Show what `heading` names as what cannot be done now, why, and the way back.

    `crumbs` lead to the page; the way back is the last of their addresses.
    """
    addresses = [url for _label, url in crumbs if url]
    context = {"heading": heading, "texts": texts, "crumbs": [*crumbs, (heading, None)]}
    return render(request, "shared/why_not.html", {**context, "back": addresses[-1]})
