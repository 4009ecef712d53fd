"""Stores read files as documents, with one statement for all files of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.documents.companies.model import Company, addressee_of
from ionport.documents.companies.repository import CompanyRepository
from ionport.documents.companies.service import place_among
from ionport.documents.intake.reading import Intake
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.model import Document, DocumentStatus, TimelineEntry, TimelineKind
from ionport.documents.parties.repository import PartyRepository
from ionport.documents.repository import DocumentRepository, TimelineRepository
from ionport.documents.retention.repository import RetentionRepository
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.claim_repository import ClaimRepository, NearInvoices, SameInvoices
from ionport.documents.review.claims import DUPLICATE_NUMBER, duplicates_among
from ionport.documents.review.life_cycle import moved, standing
from ionport.documents.review.model import Finding, NewFinding
from ionport.documents.review.repository import FindingRepository, fingerprint
from ionport.documents.review.service import JudgedBy, ReviewService
from ionport.documents.timeline import finding_entry, new_entry
from ionport.documents.webhooks.model import Event, EventType
from ionport.documents.webhooks.ports import Events
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, AuditAction
from ionport.store import OrganizationScope, ScopedWork, SystemScope

_SYSTEM: Final = SystemScope("contents that retention has removed")


class ReceiptAction(AuditAction):
    """What the audit log tells of documents that come in, and of files that are not taken."""

    RECEIVED = "document.received", N_("Document received")
    MALWARE_REFUSED = "document.malware_refused", N_("File refused: malware")


@dataclass(frozen=True, slots=True)
class PreparedReceipt:
    """A file that was read and stored, but is no document yet."""

    filename: str
    size_bytes: int
    content_sha256: str
    intake: Intake


@dataclass(frozen=True, slots=True)
class Received:
    """A received document with its findings, in the order of the rules."""

    document: Document
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class _Known:
    """The data of the organization that files are checked against, read once for all of them."""

    contents: Mapping[str, tuple[str | None, datetime | None]]
    same: SameInvoices
    alike: NearInvoices
    companies: Sequence[Company]
    judged_by: JudgedBy
    policies: Mapping[str, ApprovalPolicy]


class Receipts:
    """Writes the rows of documents that come in."""

    def __init__(
        self, clock: Clock, audit: AuditLog, review: ReviewService, events: Events
    ) -> None:
        self._events = events
        self._clock = clock
        self._audit = audit
        self._review = review

    def add(
        self,
        access: Access[OrganizationScope],
        prepared: Sequence[PreparedReceipt],
        sub_organization_id: str | None,
    ) -> list[Received | Conflict]:
        """Make documents of a few dozen files, and return each document or its error.

        The first of two equal files becomes a document; of the other, and of one that is here
        already, there is a Conflict with `existing_id`, unless the actor may not see that one.
        Raises NotFound for a sub-organization that is none of this organization.
        """
        repository = DocumentRepository(access.connection)
        if sub_organization_id is not None and not repository.is_sub_organization(
            access.scope, sub_organization_id
        ):
            raise NotFound(_("There is no such sub-organization."), code="no_sub_organization")
        while True:
            known = self._known(access, prepared)
            results = self._judge_all(
                access.scope, access.actor, prepared, known, sub_organization_id
            )
            made = [
                (one.intake, result)
                for one, result in zip(prepared, results, strict=True)
                if isinstance(result, Received)
            ]
            # Only with several writers can the content have been received since it was looked for;
            # the next round finds it.
            if repository.add_all(access.scope, [received.document for _intake, received in made]):
                break
        self._write(access, made)
        # The content was stored again before the check that retention had removed it.
        gone = [name for name, (_id, purged_at) in known.contents.items() if purged_at]
        RetentionRepository(access.connection).release(
            _SYSTEM, gone, self._clock.now(), is_inside=False
        )
        return results

    def _known(
        self, access: ScopedWork[OrganizationScope], prepared: Sequence[PreparedReceipt]
    ) -> _Known:
        connection, reads = access.connection, [one.intake for one in prepared]
        kinds = dict.fromkeys(read.document_type for read in reads)
        claims, identities = ClaimRepository(connection), [read.identity for read in reads]
        claims.lock_near(access.scope, identities)
        return _Known(
            contents=DocumentRepository(connection).find_by_contents(
                access.scope, [one.content_sha256 for one in prepared]
            ),
            same=claims.same_as(access.scope, identities),
            alike=claims.near_as(access.scope, identities),
            companies=CompanyRepository(connection).list(access.scope),
            judged_by=self._review.judged_by(access, reads),
            policies={kind: self._review.policy_of(access, kind) for kind in kinds},
        )

    def _judge_all(
        self,
        scope: OrganizationScope,
        actor: Actor,
        prepared: Sequence[PreparedReceipt],
        known: _Known,
        place: str | None,
    ) -> list[Received | Conflict]:
        results: list[Received | Conflict] = []
        here = dict(known.contents)
        for one in prepared:
            if existing := here.get(one.content_sha256):
                results.append(_is_here(*existing))
                continue
            received = self._judge(scope, actor, one, known, place)
            here[one.content_sha256] = (received.document.id, None)
            for others in (known.same, known.alike):
                others.add(one.intake.identity, received.document.id, one.filename)
            results.append(received)
        return results

    def _judge(
        self,
        scope: OrganizationScope,
        actor: Actor,
        prepared: PreparedReceipt,
        known: _Known,
        place: str | None,
    ) -> Received:
        """Judge a file by what the organization knows: without a finding that holds, it is free."""
        intake, now = prepared.intake, self._clock.now()
        duplicates = duplicates_among(known.same, known.alike, intake.identity, intake.fields)
        about_company: Sequence[NewFinding] = ()
        if intake.fields:
            buyer = addressee_of(intake.fields, intake.parties.buyer_ids)
            place, about_company = place_among(known.companies, buyer, place)
        found = known.judged_by.findings(
            intake, place, (*intake.findings, *duplicates, *about_company)
        )
        document_id = new_id("doc")
        findings = [
            Finding(new_id("fnd"), document_id, new.code, new.effect, new.parameters, now)
            for new in _distinct(found)
        ]
        holding = sum(finding.effect is Effect.HOLDS for finding in findings)
        needed = known.policies[intake.document_type].needed(intake.fields)
        status, cause = standing(holding, 0, needed)
        document = Document(
            id=document_id,
            organization_id=scope.organization_id,
            sub_organization_id=place,
            document_type=intake.document_type,
            filename=prepared.filename,
            mime_type=intake.mime_type,
            size_bytes=prepared.size_bytes,
            content_sha256=prepared.content_sha256,
            status=moved(DocumentStatus.NEW, status, cause),
            fields=intake.fields,
            tables=intake.tables,
            duplicate_of=_first_same(duplicates),
            open_findings=holding,
            created_at=now,
            created_by=actor.name,
            updated_at=now,
        )
        return Received(document, findings)

    def _write(
        self, access: Access[OrganizationScope], made: Sequence[tuple[Intake, Received]]
    ) -> None:
        if not made:
            return
        connection = access.connection
        ClaimRepository(connection).add_identities(
            access.scope, [(received.document.id, intake.identity) for intake, received in made]
        )
        PartyRepository(connection).add_all(
            access.scope, [(received.document.id, intake.parties) for intake, received in made]
        )
        FindingRepository(connection).add_new(
            access.scope, [finding for _intake, received in made for finding in received.findings]
        )
        TimelineRepository(connection).begin(
            access.scope, {received.document.id: _entries(received) for _intake, received in made}
        )
        self._events.tell(
            access, [event for _read, received in made for event in _events(received)]
        )
        self._audit.record_each(
            access,
            ReceiptAction.RECEIVED,
            [
                (received.document.id, {"filename": received.document.filename})
                for _intake, received in made
            ],
        )


def _first_same(duplicates: Sequence[NewFinding]) -> str | None:
    """Return the document that is the same invoice; one that is nearly the same is none."""
    same = (one.parameters["document"] for one in duplicates if one.code == DUPLICATE_NUMBER)
    return next(same, None)


def _distinct(findings: Sequence[NewFinding]) -> Sequence[NewFinding]:
    """Return findings without repetitions: a document has each once."""
    if len(findings) < 2:
        return findings
    return list({(new.code, fingerprint(new.parameters)): new for new in findings}.values())


def _entries(received: Received) -> list[TimelineEntry]:
    document = received.document
    at, by = document.created_at, document.created_by
    first = new_entry(
        at,
        TimelineKind.RECEIVED,
        "",
        by,
        (None, document.status),
        code="received",
        parameters={"filename": document.filename, "size": str(document.size_bytes)},
    )
    return [
        first,
        *(finding_entry(at, finding, by) for finding in received.findings),
    ]


def _events(received: Received) -> Sequence[Event]:
    """Return the events of a new document: its receipt and its status."""
    document, status = received.document, received.document.status
    told = (EventType.DOCUMENT_RECEIVED, EventType.of_status(status))
    return [Event(each, document.id, document.created_at, None, status.value) for each in told]


def _is_here(document_id: str | None, purged_at: datetime | None = None) -> Conflict:
    text = _("This file is here already. Open the document instead of uploading it again.")
    if purged_at is not None:
        text = _(
            "This file was here already; its content was removed by retention on {day} and is not"
            " taken again. Open the document to see what was done with it."
        ).format(day=purged_at.date().isoformat())
    if document_id is None:
        text = _("This file is here already, as a document of a type that you may not see.")
    return Conflict(
        text,
        code="document_exists",
        existing_id=document_id,
    )
