"""The names of what the rows of the audit log are about: stored are ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from starlette.requests import Request

from ionport.core.i18n import N_, _, gettext
from ionport.documents.bulk.model import BulkAction, BulkAuditAction
from ionport.documents.list_files.model import ListFileAction
from ionport.identity.model import AuditEntry
from ionport.sandbox.control.controls.controls import ClockAction
from ionport.sandbox.control.state.model import StateAction
from ionport.sandbox.messaging.points.model import ConnectionPointAction
from ionport.store import OrganizationScope, TenantScope
from ionport.web.rendering.audit.subjects import (
    NAMES,
    Subject,
    ids_in,
    organization_subjects,
    tenant_subjects,
)
from ionport.web.rendering.audit.words import detail_text, document_type_label
from ionport.web.rendering.templating import path_to
from ionport.web.services import documents_of, sides_of
from ionport.web.state import visit_of

_DIGEST: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
# Subjects of which the organization has one.
_SUBJECTS: Final = {
    "suppliers": N_("Suppliers"),
    "retention": N_("Retention"),
    "alerts": N_("Alerts"),
}
# Where rows lead whose subject is a tenant.
_OF_A_TENANT: Final = {
    **dict.fromkeys([one.value for one in ClockAction], ("sandbox_clock", N_("Clock"))),
    **dict.fromkeys([one.value for one in StateAction], ("sandbox_state", N_("State"))),
    ConnectionPointAction.STRICT: ("connection_points", N_("Connection Points")),
}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A row of the log as the page and the file show it."""

    at: datetime
    person: str
    address: str
    action: str
    subject: str
    details: str
    name: str = ""
    """The subject's name for people; empty when it is not known."""
    url: str = ""
    """Where the subject's own page is; empty when it has none."""


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of the ids in a page of rows."""

    files: Mapping[str, str] = field(default_factory=dict)
    deliveries: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Subject] = field(default_factory=dict)


def named_lines(
    request: Request,
    scope: OrganizationScope | TenantScope,
    entries: Sequence[AuditEntry],
    lines: Sequence[LogLine],
) -> list[LogLine]:
    """Return the rows with the names of what they are about, and its page where it has one."""
    names = _names(request, scope, entries)
    named = [
        _named(request, scope, _with_names(entry, names), line, names)
        for entry, line in zip(entries, lines, strict=True)
    ]
    # The file has each digest whole.
    return [replace(line, details=_DIGEST.sub(r"\1…", line.details)) for line in named]


def _names(
    request: Request, scope: OrganizationScope | TenantScope, entries: Sequence[AuditEntry]
) -> _Names:
    visit = visit_of(request)
    ids = {entry.subject for entry in entries}
    people = {one for one in ids if one.startswith("usr_")}
    documents = {one for one in ids if one.startswith("doc_")}
    deliveries = {one for one in ids if one.startswith("dlv_")}
    names = _Names()
    if people:
        with visit.services.database.read() as work:
            found = visit.services.audit.usernames(work.within(scope), people)
        names = replace(names, people=found)
    wanted = ids_in(entries)
    if isinstance(scope, TenantScope):
        with visit.read(scope) as of_tenant:
            names = replace(names, others=tenant_subjects(request, of_tenant, wanted))
    elif sides_of(request).documents:
        services = documents_of(request)
        with visit.read(scope) as access:
            names = replace(names, others=organization_subjects(request, access, wanted))
            if documents:
                names = replace(names, files=services.documents.filenames(access, documents))
            if deliveries:
                names = replace(names, deliveries=services.deliveries.names(access, deliveries))
    return names


def _with_names(entry: AuditEntry, names: _Names) -> AuditEntry:
    """Return the row with names for the ids in its details, and without an id that has none."""
    details = {
        name: names.others[text].name if text in names.others else text
        for name, text in entry.details.items()
        if name != "id"
    }
    return replace(entry, details=details)


def _named(
    request: Request,
    scope: OrganizationScope | TenantScope,
    entry: AuditEntry,
    line: LogLine,
    names: _Names,
) -> LogLine:
    subject = entry.subject
    line = replace(line, details=detail_text(entry))
    if isinstance(scope, TenantScope) and subject == scope.tenant_id:
        page, label = _OF_A_TENANT.get(entry.action, ("configuration", N_("Configuration")))
        url = path_to(request, page, tenant=subject)
        return replace(line, name=gettext(label), url=url)
    if subject in names.files:
        url = path_to(request, "document", document=subject)
        details = detail_text(entry, "filename")
        return replace(line, name=names.files[subject], url=url, details=details)
    if subject in names.deliveries:
        filename, title = names.deliveries[subject]
        url = path_to(request, "delivery", delivery_id=subject)
        details = "; ".join(
            one for one in (title, detail_text(entry, "document", "configuration")) if one
        )
        return replace(line, name=filename, url=url, details=details)
    if entry.action in (BulkAuditAction.STARTED, BulkAuditAction.CANCELLED):
        url = path_to(request, "documents_bulk_run", run=subject)
        name = _action_label(entry.details.get("action", "")) or line.name
        return replace(line, name=name, url=url, details=detail_text(entry, "action"))
    if found := names.others.get(subject):
        same = [name for name in NAMES if entry.details.get(name) == found.name]
        details = detail_text(entry, *same)
        return replace(line, name=found.name, url=found.url, details=details)
    told = next((name for name in NAMES if entry.details.get(name)), "")
    if told:
        return replace(line, name=entry.details[told], details=detail_text(entry, told))
    if subject in names.people:
        return replace(line, name=names.people[subject])
    if entry.action == ListFileAction.ASKED:
        return replace(line, name=_("List of documents"))
    label = document_type_label(subject)
    if label == subject:
        label = gettext(_SUBJECTS.get(subject, subject))
    return replace(line, name=label) if label != subject else line


def _action_label(value: str) -> str:
    return BulkAction(value).label if value in list(BulkAction) else ""
