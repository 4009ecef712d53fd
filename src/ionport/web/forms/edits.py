"""The mark of what an edit form showed, from the page to the transaction that stores it.

The page that shows stored values calls `show_stored`, its template writes `shown_field()` into
the form, and the handler calls `require_unchanged` in the transaction, before it stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request

from ionport.identity import edits
from ionport.identity.edits import ChangedMeanwhile, mark_of
from ionport.store import AnyScope, ScopedWork
from ionport.web.forms.fields import text_of
from ionport.web.state import visit_of

SHOWN_FIELD = "shown_values"


def show_stored(request: Request, values: Mapping[str, str]) -> None:
    """Remember the stored values that the page is about to show in a form."""
    request.state.shown_mark = mark_of(values)


def require_unchanged(
    request: Request,
    access: ScopedWork[AnyScope],
    subject: str,
    stored: Callable[[], Mapping[str, str]],
    *,
    told_by: str = "",
) -> None:
    """Raise ChangedMeanwhile when the form showed something else than what `stored` reads now.

    The form that is shown again then carries the new mark, so that a second save counts.
    """
    visit = visit_of(request)
    mark = text_of(visit.form, SHOWN_FIELD)
    try:
        edits.require_unchanged(access, visit.services.audit, subject, mark, stored, told_by)
    except ChangedMeanwhile as error:
        request.state.shown_mark = error.mark
        raise


def shown_mark(request: Request) -> str:
    """Return the mark for the form on this page: a form that is shown again keeps its own."""
    remembered: str = getattr(request.state, "shown_mark", "")
    if request.method == "POST" and not remembered:
        return text_of(visit_of(request).form, SHOWN_FIELD)
    return remembered
