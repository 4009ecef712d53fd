"""A document for an auditor: the received bytes and everything that happened, as one ZIP file.

The same state gives the same bytes: entries are sorted and stored without a time of their own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from ionport.core.blobs import Blobs
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.unpacking.pdf import attachments, is_pdf
from ionport.documents.intake.reading import clean_filename
from ionport.documents.model import Document, TimelineEntry
from ionport.documents.retention.content import purged_text
from ionport.documents.review.decisions.model import DocumentDecision
from ionport.documents.review.model import Finding
from ionport.documents.service import DocumentService
from ionport.exports.deliveries import DeliveryService
from ionport.exports.model import DeliveryDetail
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope

FORMAT: Final = "ionport document archive 1"
_FIRST_TIME: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o644 << 16


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The rows about a document, read at one moment."""

    document: Document
    findings: Sequence[Finding]
    decisions: Sequence[DocumentDecision]
    timeline: Sequence[TimelineEntry]
    deliveries: Sequence[DeliveryDetail]


class DocumentArchive:
    """Makes archives of documents; it opens transactions of its own, which only read."""

    def __init__(
        self,
        database: Database,
        documents: DocumentService,
        deliveries: DeliveryService,
        blobs: Blobs,
    ) -> None:
        self._database = database
        self._documents = documents
        self._deliveries = deliveries
        self._blobs = blobs

    def make(self, scope: OrganizationScope, actor: Actor, document_id: str) -> bytes:
        """Return the archive as a ZIP file.

        It has the file as it was received (`original/`) and what is attached to a PDF
        (`attached/`), unless retention has removed them; what was sent (`sent/`), the newest 500
        entries of timeline and findings, all decisions and deliveries with their attempts
        (`document.json`, `document.txt`), and the digests of all of them (`SHA256SUMS`, as
        `sha256sum -c` reads it). Secrets in calls are redacted before they
        are stored.

        Raises:
            Forbidden: the actor is no member of the organization.
            NotFound: no such document, or its file is missing.
        """
        evidence = self._evidence(scope, actor, document_id)
        files = dict(self._contents(evidence))
        rows = _rows(evidence)
        files["document.json"] = (
            json.dumps(rows, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        ).encode()
        files["document.txt"] = ("\n".join(_lines(evidence)) + "\n").encode()
        sums = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
        files["SHA256SUMS"] = ("\n".join(sums) + "\n").encode()
        return _zipped(files)

    def _evidence(self, scope: OrganizationScope, actor: Actor, document_id: str) -> _Evidence:
        with self._database.read() as work:
            access = Access(work, scope, actor)
            made = self._deliveries.of_document(access, document_id)
            return _Evidence(
                document=self._documents.get(access, document_id),
                findings=self._documents.findings(access, document_id),
                decisions=self._documents.decisions.list(access, document_id),
                timeline=self._documents.timeline(access, document_id),
                deliveries=[self._deliveries.get(access, each.id) for each in made],
            )

    def _contents(self, evidence: _Evidence) -> Iterator[tuple[str, bytes]]:
        document = evidence.document
        if document.purged_at is None:
            original = self._blobs.get(document.content_sha256)
            yield f"original/{_entry_name(document.filename)}", original
            for number, (name, content) in enumerate(_attached(original), start=1):
                yield f"attached/{number:03}-{_entry_name(name)}", content
        for detail in evidence.deliveries:
            for step in detail.steps:
                if step.payload_digest is None:
                    continue
                try:
                    sent = self._blobs.get(step.payload_digest)
                except NotFound:
                    continue
                yield f"sent/{detail.delivery.id}-{step.kind.value}", sent


def _entry_name(filename: str) -> str:
    name = clean_filename(filename)
    return "document" if name in (".", "..") else name


def _attached(original: bytes) -> list[tuple[str, bytes]]:
    if not is_pdf(original):
        return []
    try:
        return [(each.name, each.content) for each in attachments(original)]
    except InvalidInput:
        # It was refused at receipt, too; the PDF itself is in the archive.
        return []


def _rows(evidence: _Evidence) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "document": _plain(evidence.document),
        "findings": [{**_plain(each), "text": each.text} for each in evidence.findings],
        "decisions": [{**_plain(each), "text": each.text} for each in evidence.decisions],
        "timeline": [{**_plain(each), "text": each.text} for each in evidence.timeline],
        "deliveries": [_plain(each) for each in evidence.deliveries],
    }


def _plain(value: Any) -> Any:
    """Return a value of the domain as JSON has it; times are ISO 8601 in UTC."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _lines(evidence: _Evidence) -> Iterator[str]:
    document = evidence.document
    yield f"{document.filename} ({document.id})"
    yield f"{document.status.label}; received {_time(document.created_at)} by {document.created_by}"
    yield f"{document.size_bytes} bytes, SHA-256 {document.content_sha256}"
    if document.purged_at is not None:
        yield purged_text(document.purged_at)
    yield from _headed("Fields", (f"{name}: {text}" for name, text in document.fields.items()))
    for table, rows in document.tables.items():
        yield from _headed(
            table, ("; ".join(f"{name}: {text}" for name, text in row.items()) for row in rows)
        )
    yield from _headed("Findings", (_finding(each) for each in evidence.findings))
    yield from _headed("Decisions", (_decision(each) for each in evidence.decisions))
    yield from _headed(
        "Timeline, the newest first",
        (f"{_time(each.at)}  {_told(each)} ({each.actor_name})" for each in evidence.timeline),
    )
    for detail in evidence.deliveries:
        delivery = detail.delivery
        head = f"Delivery {delivery.id}: {delivery.configuration_title}, {delivery.status_label}"
        yield from _headed(head, _delivery(detail))


def _headed(title: str, lines: Iterator[str]) -> Iterator[str]:
    rows = [f"  {line}" for line in lines]
    if rows:
        yield from ("", title, *rows)


def _finding(finding: Finding) -> str:
    if finding.decision is not None:
        decision = finding.decision
        end = f" Accepted by {decision.person}, {_time(decision.at)}: {decision.reason}"
    elif finding.resolved_at is not None:
        end = f" No longer so since {_time(finding.resolved_at)}."
    else:
        end = ""
    return f"{finding.effect.value} {finding.code}: {finding.text}{end}"


def _decision(decision: DocumentDecision) -> str:
    undone = decision.undone_at
    end = f" Undone by {decision.undone_by}, {_time(undone)}." if undone is not None else ""
    return f"{_time(decision.at)}  {decision.text} ({decision.person}){end}"


def _told(entry: TimelineEntry) -> str:
    if entry.status is None:
        return entry.text
    before = f"{entry.previous_status.label} → " if entry.previous_status else ""
    return f"{entry.text} [{before}{entry.status.label}]".strip()


def _delivery(detail: DeliveryDetail) -> Iterator[str]:
    delivery = detail.delivery
    yield f"correlation id {delivery.correlation_id}, message id {delivery.message_id}"
    for step in detail.steps:
        remote = f", {step.remote_id}" if step.remote_id else ""
        yield f"{step.kind.label}: {step.status.value}{remote} {step.summary}".rstrip()
    for attempt in detail.attempts:
        answer = f"HTTP {attempt.http_status}" if attempt.http_status else "no answer"
        yield (
            f"{_time(attempt.sent_at)}  {attempt.step.label}, attempt {attempt.number}:"
            f" {attempt.state.value}, {answer} {attempt.error_text}"
        ).rstrip()


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIRST_TIME)
            entry.external_attr = _READABLE
            entry.create_system = 3
            archive.writestr(entry, files[name])
    return target.getvalue()
