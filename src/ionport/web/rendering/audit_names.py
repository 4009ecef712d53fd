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
from ionport.store import OrganizationScope, TenantScope
from ionport.web.rendering.audit_words import detail_text, document_type_label
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
# Details that are the name of a row's subject.
_NAMES: Final = ("filename", "name", "title")


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


def named_lines(
    request: Request,
    scope: OrganizationScope | TenantScope,
    entries: Sequence[AuditEntry],
    lines: Sequence[LogLine],
) -> list[LogLine]:
    """Return the rows with the names of what they are about, and its page where it has one."""
    names = _names(request, scope, entries)
    named = [
        _named(request, entry, line, names) for entry, line in zip(entries, lines, strict=True)
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
    if isinstance(scope, OrganizationScope) and sides_of(request).documents:
        services = documents_of(request)
        with visit.read(scope) as access:
            if documents:
                names = replace(names, files=services.documents.filenames(access, documents))
            if deliveries:
                names = replace(names, deliveries=services.deliveries.names(access, deliveries))
    return names


def _named(request: Request, entry: AuditEntry, line: LogLine, names: _Names) -> LogLine:
    subject = entry.subject
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
    told = next((name for name in _NAMES if entry.details.get(name)), "")
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
