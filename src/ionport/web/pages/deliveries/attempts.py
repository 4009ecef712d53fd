"""Document side: the attempts of one step side by side, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.exports.model import Attempt
from ionport.web.pages.deliveries.steps import ShownAttempt, shown_steps
from ionport.web.rendering.templating import path_to, render
from ionport.web.services import documents_of
from ionport.web.state import organization_read

MANUAL = "exactly-once"
_BESIDE: Final = 3


def compare(request: Request) -> Response:
    """Show the newest three attempts of a step, the oldest of them first, or earlier ones."""
    delivery_id, kind = request.path_params["delivery_id"], request.path_params["step"]
    with organization_read(request) as access:
        detail = documents_of(request).deliveries.get(access, delivery_id)
    step = next((each for each in shown_steps(detail) if each.step.kind.value == kind), None)
    if step is None or not step.attempts:
        raise NotFound(_("This step has no attempt."))
    before = _number(request.query_params.get("before", ""))
    older = [each for each in step.attempts if before is None or each.attempt.number < before]
    beside = list(reversed(older[:_BESIDE]))
    if not beside:
        raise NotFound(_("This step has no attempt."))
    context = {
        "delivery": detail.delivery,
        "document_type": detail.document_type,
        "step": step.step,
        "beside": [
            (entry, changed) for entry, changed in zip(beside, _changes(beside), strict=True)
        ],
        "earlier": beside[0].attempt.number if len(older) > _BESIDE else None,
        "url": path_to(request, "delivery_attempts", delivery_id=delivery_id, step=kind),
    }
    return render(request, "deliveries/attempts.html", context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _changes(beside: Sequence[ShownAttempt]) -> list[str]:
    """Return for each attempt what is other than in the one before it; nothing for the first."""
    found = [""]
    for one, next_one in pairwise(beside):
        names = [
            name
            for name, value in _parts(next_one.attempt).items()
            if value != _parts(one.attempt)[name]
        ]
        found.append(
            _("Other than before: {parts}").format(parts=", ".join(names))
            if names
            else _("Nothing is other than before.")
        )
    return found


def _parts(attempt: Attempt) -> Mapping[str, Any]:
    sent, answer = attempt.request, attempt.response or {}
    return {
        _("address of the request"): sent.get("url"),
        _("body of the request"): sent.get("body"),
        _("HTTP status"): attempt.http_status,
        _("body of the answer"): answer.get("body"),
        _("result"): (attempt.state, attempt.error_text),
    }


ROUTES = [
    Route("/deliveries/{delivery_id}/attempts/{step}", compare, name="delivery_attempts"),
]
