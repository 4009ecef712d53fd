"""The dialog that asks for the values of one declared form, to make something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ionport.web.forms.declared import Form
from ionport.web.rendering.confirm import Crumbs
from ionport.web.rendering.templating import render


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing before the form can be filled in: a text, and the page to add it."""

    text: str
    url: str
    action: str


def show_form(
    request: Request,
    form: Form,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    heading: str,
    button: str,
    crumbs: Crumbs,
    last: str,
    intro: Sequence[str] = (),
    missing: Missing | None = None,
    downloads: bool = False,
    status: int = 200,
) -> Response:
    """Show `form` with what was typed and what is wrong with it.

    `crumbs` lead to the page, whose own crumb is `last`; the way back is the last of their
    addresses. `missing` is shown in place of the form. With `downloads` the answer is a
    file, and the page stays.
    """
    context = {
        "form": form,
        "values": values,
        "errors": errors,
        "heading": heading,
        "button": button,
        "crumbs": [*crumbs, (last, None)],
        "back": [url for _label, url in crumbs if url][-1],
        "downloads": downloads,
        "intro": intro,
        "missing": missing,
    }
    return render(request, "shared/form.html", context, status=status)
