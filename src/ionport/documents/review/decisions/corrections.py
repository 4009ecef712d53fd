"""Corrections: a person changes a value of a document, and the rules run again.

The received bytes never change. A correction is a row; the file is read again outside of any
transaction with all corrections applied, and the result (fields, tables, findings, identity) is
written in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _, labelled
from ionport.core.unpacking.pdf import is_pdf
from ionport.documents.companies.model import addressee_of
from ionport.documents.intake.reading import Intake, invoices_in_pdf, read_file
from ionport.documents.invoice.corrections import Correction, Target
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.documents.model import Document, Row
from ionport.documents.parties.repository import PartyRepository
from ionport.documents.repository import DocumentRepository, search_text
from ionport.documents.retention.content import content_digest, require_content
from ionport.documents.review.decisions.judging import Judging
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.placing import place_again
from ionport.documents.review.decisions.repository import DecisionRepository
from ionport.documents.review.decisions.values import checked_value, field_of
from ionport.documents.review.life_cycle import CLOSED
from ionport.documents.review.ports import Sent
from ionport.documents.review.service import ReviewService
from ionport.documents.timeline import Timeline
from ionport.documents.types import document_type
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, ScopedWork

MAX_CHANGES = 200
"""How many values one decision may change."""

_TRIES = 3
OF_CONTENT = frozenset({DecisionKind.CORRECT, DecisionKind.CHOOSE})
"""The decisions that are applied each time the file is read again."""


@dataclass(frozen=True, slots=True)
class _Basis:
    """A document with its corrections and choices, as they were when the file was read again."""

    document: Document
    decisions: tuple[DocumentDecision, ...]

    @property
    def corrections(self) -> list[Correction]:
        return choice_and_corrections(self.decisions)[1]

    @property
    def choice(self) -> str:
        """Which invoice of a PDF with several counts, as the last choice says."""
        return choice_and_corrections(self.decisions)[0]


@dataclass(frozen=True, slots=True)
class _Change:
    target: Target
    label: str
    old: str
    new: str

    @property
    def parameters(self) -> dict[str, str]:
        """What the decision keeps of it."""
        return {**asdict(self), "target": str(self.target)}


def choice_and_corrections(
    decisions: Sequence[DocumentDecision],
) -> tuple[str, list[Correction]]:
    """Return which invoice of a PDF with several was chosen (or ``""``), and what was corrected.

    Decisions that were undone do not count; the corrections come in their order.
    """
    active = [each for each in decisions if each.is_active]
    chosen = [each.parameters["name"] for each in active if each.kind is DecisionKind.CHOOSE]
    corrections = [each.correction for each in active if each.kind is DecisionKind.CORRECT]
    return chosen[-1] if chosen else "", corrections


@dataclass(eq=False, repr=False)
class CorrectionService:
    """Corrects documents and takes corrections back."""

    _clock: Clock
    _blobs: Blobs
    _timeline: Timeline
    _review: ReviewService
    _judging: Judging
    _limits: ReadingLimits

    def correct(
        self,
        database: Database,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        values: Mapping[str, str],
        seen: Mapping[str, str] | None = None,
    ) -> bool:
        """Give targets (`invoice_id`, `INVOICE_TABLE/2/QUANTITY`) other values, ``""`` for none.

        Returns whether anything changed. With `seen` (what the person saw) a value that somebody
        else has changed since is left as it is.

        Raises:
            NotFound: no such document.
            Forbidden: the actor may not edit it, or not what it becomes.
            InvalidInput: a value is not of its field's type; all of them are named by target.
            Conflict: rejected or deleted (`document_closed`), being sent at this moment
                (`delivery_under_way`), or changed by somebody else (`changed_meanwhile`).
        """
        if len(values) > MAX_CHANGES:
            raise InvalidInput(_("At most {n} values are corrected at once.").format(n=MAX_CHANGES))
        for _try in range(_TRIES):
            basis = self._basis(database, scope, actor, document_id)
            changes = _changes(basis.document, values, seen)
            if not changes:
                return False
            self._require_changeable(database, scope, basis.document, changes)
            made = [Correction(change.target, change.new) for change in changes]
            read = self._read(basis.document, [*basis.corrections, *made], basis.choice)
            with database.write() as work:
                access = Access(work, scope, actor)
                if self._is_current(access, basis):
                    self._store(access, basis, read, changes)
                    return True
        raise changed_meanwhile()

    def choose(
        self,
        database: Database,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        name: str,
        seen: str | None = None,
    ) -> None:
        """Choose the invoice attached as `name` of a PDF with several.

        `seen` is the name that was chosen when the person looked; None: not compared. The invoice
        is read and checked as if it was received alone; corrections stay. Until something was sent
        another one may be chosen.

        Raises:
            NotFound: no such document, or no invoice of this name in it.
            Conflict: it is no PDF with several invoices (`nothing_to_choose`), something was sent
                (`sent_already`), somebody else has chosen meanwhile (`changed_meanwhile`), or as
                `correct`.
        """
        for _try in range(_TRIES):
            basis = self._basis(database, scope, actor, document_id)
            if seen is not None and seen != basis.choice:
                raise changed_meanwhile()
            names = self.choices(basis.document)
            if len(names) < 2:
                raise Conflict(
                    _("This document has no invoices to choose from."), code="nothing_to_choose"
                )
            read = self._read(basis.document, basis.corrections, name)
            with database.write() as work:
                access = Access(work, scope, actor)
                if self._is_current(access, basis):
                    if self._review.deliveries.lock(access, document_id) is Sent.SOMETHING:
                        raise sent_already()
                    self._store(access, basis, read, (), choice=name)
                    return
        raise changed_meanwhile()

    def choices(self, document: Document) -> list[str]:
        """Return the names of the invoices in a PDF, none for another file.

        Called without a transaction. Errors as `invoices_in_pdf`.
        """
        content = self._blobs.get(content_digest(document))
        if not is_pdf(content):
            return []
        return [name for name, _invoice in invoices_in_pdf(content, self._limits)]

    def undo(
        self,
        database: Database,
        scope: OrganizationScope,
        actor: Actor,
        document_id: str,
        decision_id: str,
    ) -> None:
        """Take a correction or a choice back; the rules run as if it had never been made.

        Raises:
            NotFound: no such correction.
            Conflict: undone already, something was sent (`sent_already`), or as `correct`.
        """
        for _try in range(_TRIES):
            basis = self._basis(database, scope, actor, document_id)
            undone = [each for each in basis.decisions if each.id == decision_id]
            if not undone:
                raise Conflict(_("This decision was undone already."), code="undone_already")
            kept = replace(
                basis, decisions=tuple(each for each in basis.decisions if each.id != decision_id)
            )
            read = self._read(basis.document, kept.corrections, kept.choice)
            with database.write() as work:
                access = Access(work, scope, actor)
                if self._is_current(access, basis):
                    self._store(access, basis, read, (), undone)
                    return
        raise changed_meanwhile()

    def _basis(
        self, database: Database, scope: OrganizationScope, actor: Actor, document_id: str
    ) -> _Basis:
        with database.read() as work:
            access = Access(work, scope, actor)
            document = DocumentRepository(work.connection).find(scope, document_id)
            document = existing(document, _("There is no such document."), code="no_document")
            access.require(Permission.EDIT, document.document_type)
            require_content(document.purged_at)
            return _Basis(document, _active(access, document_id))

    def _require_changeable(
        self,
        database: Database,
        scope: OrganizationScope,
        document: Document,
        changes: Sequence[_Change],
    ) -> None:
        """Raise InvalidInput for fields that the document type's settings make read only."""
        names = [change.target.field for change in changes if not change.target.table]
        with database.read() as work:
            kind = document.document_type
            self._review.types.require_changeable(work.within(scope), kind, names)

    def _read(self, document: Document, corrections: Sequence[Correction], choice: str) -> Intake:
        """Read the file again, as it was judged when it came in; without a transaction."""
        content = self._blobs.get(content_digest(document))
        today = document.created_at.date()
        return read_file(content, today, corrections, self._limits, choice)

    def _is_current(self, access: ScopedWork[OrganizationScope], basis: _Basis) -> bool:
        """Lock the document, and tell whether its corrections are still those that were read.

        Raises:
            Conflict: it cannot be corrected now.
        """
        document = basis.document
        sent = self._review.deliveries.lock(access, document.id)
        locked = DocumentRepository(access.connection).lock(access.scope, document.id)
        require_content(locked.purged_at if locked else None)
        status = locked.status if locked else document.status
        if status in CLOSED:
            raise Conflict(
                _("The document is {status}. Undo that before you correct it.").format(
                    status=status.label
                ),
                code="document_closed",
            )
        if sent is Sent.UNDER_WAY:
            raise Conflict(
                _("The document is being exported at this moment. Try again in a minute."),
                code="delivery_under_way",
            )
        active = _active(access, document.id)
        return [each.id for each in active] == [each.id for each in basis.decisions]

    def _store(
        self,
        access: Access[OrganizationScope],
        basis: _Basis,
        read: Intake,
        changes: Sequence[_Change],
        undone: Sequence[DocumentDecision] = (),
        choice: str = "",
    ) -> None:
        document, now = basis.document, self._clock.now()
        # It may become a document of another type: not one that the person may not see or edit.
        for permission in (Permission.EDIT, Permission.SEE):
            access.require(permission, read.document_type)
        sent = self._review.deliveries.lock(access, document.id) is Sent.SOMETHING
        if undone and sent:
            raise sent_already()
        log = self._review.log
        for change in changes:
            log.add(access, document.id, DecisionKind.CORRECT, change.parameters)
        if choice:
            log.add(access, document.id, DecisionKind.CHOOSE, {"name": choice})
        log.undo(access, undone)
        fields, tables = read.fields, read.tables
        DocumentRepository(access.connection).set_values(
            access.scope,
            document.id,
            read.document_type,
            fields,
            tables,
            search_text(document.filename, document.id, fields),
            now,
        )
        duplicates = self._review.claims.changed(
            access, document.id, read.identity, fields, was_sent=sent
        )
        PartyRepository(access.connection).put(access.scope, document.id, read.parties)
        buyer = addressee_of(fields, read.parties.buyer_ids)
        place, about_company = place_again(
            access, self._timeline, document.id, buyer, access.actor.name, was_sent=sent
        )
        judged_by = self._review.judged_by(access, [read])
        findings = judged_by.findings(read, place, (*read.findings, *duplicates, *about_company))
        self._judging.reconcile(access, document.id, findings, access.actor.name, now)
        self._review.withdraw_approvals(access, document.id)
        self._review.settle(access, document.id, access.actor.name)


def _active(
    access: ScopedWork[OrganizationScope], document_id: str
) -> tuple[DocumentDecision, ...]:
    repository = DecisionRepository(access.connection)
    made = repository.of_document(access.scope, document_id)
    return tuple(each for each in made if each.is_active and each.kind in OF_CONTENT)


def _changes(
    document: Document, values: Mapping[str, str], seen: Mapping[str, str] | None
) -> list[_Change]:
    """Return the changes that the values make; raises InvalidInput that names all wrong ones."""
    kind, wrong, changes = document_type(document.document_type), dict[str, str](), list[_Change]()
    for name, text in values.items():
        try:
            target = Target.parse(name)
            field = field_of(kind, target)
            new = checked_value(target, field, text)
        except ValueError:
            wrong[name] = _("There is no field {name}.").format(name=name[:100])
            continue
        except InvalidInput as error:
            wrong.update(error.fields)
            continue
        old = value_of(document, target)
        if seen is not None and seen.get(name, old) != old:
            raise changed_meanwhile()
        if new != old:
            changes.append(_Change(target, field.label, old, new))
    if wrong:
        text = " ".join(labelled(name, what) for name, what in list(wrong.items())[:5])
        raise InvalidInput(text, code="wrong_value", fields=wrong)
    return changes


def corrected_values(decisions: Sequence[DocumentDecision]) -> dict[str, tuple[str, str]]:
    """Return what is corrected: target → (the value before any correction, the value now)."""
    made: dict[str, tuple[str, str]] = {}
    for each in decisions:
        if each.is_active and each.kind is DecisionKind.CORRECT:
            target, old = each.parameters["target"], each.parameters["old"]
            made[target] = (made.get(target, (old, ""))[0], each.parameters["new"])
    return {target: both for target, both in made.items() if both[0] != both[1]}


def value_of(document: Document, target: Target) -> str:
    """Return the document's present value, ``""`` for none."""
    rows: tuple[Row, ...] = (document.fields,)
    if target.table:
        rows = document.tables.get(target.table, ())
    row = target.row or 1
    if row == len(rows) + 1:
        return ""
    if row > len(rows):
        wrong = _("There is no row {row}; the next new one is {next}.").format(
            row=row, next=len(rows) + 1
        )
        raise InvalidInput(wrong, code="no_row", fields={str(target): wrong})
    return rows[row - 1].get(target.field, "")


def sent_already() -> Conflict:
    """Return the error that a decision cannot be undone, because the document was sent."""
    return Conflict(
        _("Something of this document was sent, or may have been: the decision stays as it is."),
        code="sent_already",
    )


def changed_meanwhile() -> Conflict:
    """Return the error that a document has changed since the person looked."""
    return Conflict(
        _("Somebody else changed this document meanwhile. Look at it again."),
        code="changed_meanwhile",
    )
