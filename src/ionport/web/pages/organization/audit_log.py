"""The audit log of the organization, with a search and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ionport.core.http.csv_lines import BYTE_ORDER_MARK, csv_line
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE
from ionport.identity.model import AuditEntry, AuditQuery
from ionport.store import OrganizationScope, TenantScope
from ionport.web.rendering.audit.names import LogLine, named_lines
from ionport.web.rendering.audit.words import detail_text
from ionport.web.rendering.days import DAY, day_start
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import PER_PAGE, unknown_values
from ionport.web.rendering.templating import render
from ionport.web.rendering.trail import action_labels
from ionport.web.state import organization_scope, visit_of

MANUAL = "audit-log"

_FILTERS: Final = ("q", "person", "action", "from", "to")
_MOST_LINES: Final = 100_000
_MAX_TEXT: Final = 200


def organization_log(request: Request) -> Response:
    """Show what was done in the organization."""
    return show_log(request, organization_scope(request), "organization/audit_log.html")


def organization_csv(request: Request) -> Response:
    """Send what was done in the organization as CSV."""
    return send_log(request, organization_scope(request))


def show_log(request: Request, scope: OrganizationScope | TenantScope, template: str) -> Response:
    """Show the rows that the filters of the address find, a page of them."""
    filters = {name: request.query_params.get(name, "").strip()[:_MAX_TEXT] for name in _FILTERS}
    query = replace(
        _query(request, scope, filters), after=_place(request.query_params.get("after", ""))
    )
    entries = _read(request, scope, query)
    shown, has_more = entries[:PER_PAGE], len(entries) > PER_PAGE
    kept = {name: text for name, text in filters.items() if text}
    actions = action_labels()
    known = {
        "action": filters["action"] in actions,
        "from": day_start(filters["from"]) is not None,
        "to": day_start(filters["to"]) is not None,
        "after": query.after is not None,
    }
    path = request.url.path
    context = {
        "lines": named_lines(request, scope, shown, _lines(shown)),
        "filters": filters,
        "unknown": unknown_values(request.query_params, known),
        "is_filtered": bool(kept),
        "is_first": query.after is None,
        "path_here": path,
        "newest_url": _address(path, kept),
        "older_url": _address(path, {**kept, "after": _mark(shown[-1])}) if has_more else "",
        "csv_url": _address(f"{path}.csv", kept),
        "actions": sorted(actions.items(), key=lambda one: one[1].casefold()),
    }
    return render(request, template, context)


def send_log(request: Request, scope: OrganizationScope | TenantScope) -> Response:
    """Send the rows that the filters of the address find, as they are read."""
    filters = {name: request.query_params.get(name, "").strip()[:_MAX_TEXT] for name in _FILTERS}
    query = replace(_query(request, scope, filters), limit=MAX_PER_PAGE)
    # An error of the first rows is shown as a page, and not in the middle of the file.
    first = _read(request, scope, query)
    headers = attachment(b"", "audit-log.csv").headers
    kept = ("content-disposition", "content-security-policy", "cache-control")
    return StreamingResponse(
        _file(request, scope, query, first),
        media_type="text/csv",
        headers={name: headers[name] for name in kept},
    )


def _file(
    request: Request,
    scope: OrganizationScope | TenantScope,
    query: AuditQuery,
    entries: Sequence[AuditEntry],
) -> Iterator[bytes]:
    headings = [_("Time"), _("Who"), _("Address"), _("What"), _("Subject"), _("Details")]
    yield BYTE_ORDER_MARK + csv_line(headings)
    left = _MOST_LINES
    while True:
        shown = entries[: query.limit]
        for line in _lines(shown):
            at = line.at.astimezone(UTC).isoformat(timespec="seconds")
            cells = [at, line.person, line.address, line.action, line.subject, line.details]
            yield csv_line(cells)
        left -= len(shown)
        if len(entries) <= query.limit or left <= 0:
            return
        # Each page in a transaction of its own, which no slow receiver keeps open.
        entries = _read(request, scope, replace(query, after=(shown[-1].at, shown[-1].id)))


def _read(
    request: Request, scope: OrganizationScope | TenantScope, query: AuditQuery
) -> Sequence[AuditEntry]:
    visit = visit_of(request)
    if isinstance(scope, TenantScope):
        with visit.read(scope) as of_tenant:
            return visit.services.audit.search(of_tenant, query)
    with visit.read(scope) as of_organization:
        return visit.services.audit.search(of_organization, query)


def _lines(entries: Sequence[AuditEntry]) -> list[LogLine]:
    labels = action_labels()
    return [
        LogLine(
            entry.at,
            entry.actor_name,
            entry.address or "",
            labels.get(entry.action, entry.action),
            entry.subject,
            detail_text(entry),
        )
        for entry in entries
    ]


def _query(
    request: Request, scope: OrganizationScope | TenantScope, filters: Mapping[str, str]
) -> AuditQuery:
    """Return the query of the filters; a day that is none counts for nothing."""
    organization = visit_of(request).organization
    zone = organization.zone if organization and isinstance(scope, OrganizationScope) else None
    since, until = day_start(filters["from"], zone), day_start(filters["to"], zone)
    return AuditQuery(
        text=filters["q"],
        person=filters["person"],
        action=filters["action"],
        since=since,
        # The last day is wanted whole.
        until=until + DAY if until else None,
        limit=PER_PAGE,
    )


def _mark(entry: AuditEntry) -> str:
    return f"{entry.at.astimezone(UTC).isoformat()}~{entry.id}"


def _place(text: str) -> tuple[datetime, str] | None:
    """Return the row that an address names; None for what is none."""
    at, tilde, row_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    is_place = tilde and moment.tzinfo is not None and 1971 <= moment.year <= 9998
    return (moment, row_id[:_MAX_TEXT]) if is_place else None


def _address(path: str, values: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(values)}" if values else path


_BASE = "/settings/audit-log"
ROUTES = [
    Route(_BASE, organization_log, methods=["GET"], name="audit_log"),
    Route(f"{_BASE}.csv", organization_csv, methods=["GET"], name="audit_log_csv"),
]
