"""Accepts findings that hold a mapping file, and takes that back."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.mappings.model import Finding, MappingAction, MappingFile, MappingVersion
from ionport.mappings.versions.acceptances.model import Acceptance
from ionport.mappings.versions.acceptances.repository import AcceptanceRepository
from ionport.store import OrganizationScope, ScopedWork

_LONGEST_REASON = 500


class MappingAcceptances:
    """The use case of accepting; `MappingService` offers it."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def of_file(
        self, access: ScopedWork[OrganizationScope], mapping_id: str
    ) -> Sequence[Acceptance]:
        """Return what was accepted of a file, in the order of time."""
        return AcceptanceRepository(access.connection).of_file(access.scope, mapping_id)

    def accept(
        self,
        access: Access[OrganizationScope],
        version: MappingVersion,
        findings: Sequence[str],
        reason: str,
    ) -> Sequence[Acceptance]:
        """Accept findings of a version by their identities, all with one reason.

        The caller has locked the file. Raises:
            InvalidInput: no reason, or one of over 500 letters; or a finding that can only be
                mended.
            NotFound: the version has no such finding that holds it.
            Conflict: it is accepted already.
        """
        access.require_organization_administrator()
        reason = " ".join(reason.split())
        if not reason or len(reason) > _LONGEST_REASON:
            text = _("Say in 1 to 500 letters why it is accepted.")
            raise InvalidInput(text, fields={"reason": text})
        by_identity = {each.identity: each for each in version.findings if each.blocks_activation}
        return [
            self._accept_one(access, version, by_identity.get(one), one, reason)
            for one in dict.fromkeys(findings)
        ]

    def withdraw(self, access: Access[OrganizationScope], file: MappingFile, finding: str) -> None:
        """Withdraw a finding's acceptance; raises NotFound where it is not accepted.

        The caller has locked the file.
        """
        access.require_organization_administrator()
        # PostgreSQL has no text with NUL; no identity has one either.
        known = AcceptanceRepository(access.connection)
        if "\0" in finding or not known.remove(access.scope, file.id, finding):
            raise NotFound(
                _("No finding “{finding}” of {name} is accepted.").format(
                    finding=finding[:200], name=file.name
                ),
                code="not_accepted",
            )
        details = {"name": file.name, "finding": finding}
        self._audit.record(access, MappingAction.WITHDRAWN, file.id, details)

    def _accept_one(
        self,
        access: Access[OrganizationScope],
        version: MappingVersion,
        finding: Finding | None,
        identity: str,
        reason: str,
    ) -> Acceptance:
        if finding is None:
            raise NotFound(
                _("Version {number} of {name} has no finding “{finding}” that holds it.").format(
                    number=version.number, name=version.mapping_name, finding=identity[:200]
                ),
                code="no_such_finding",
            )
        if not finding.acceptable:
            raise InvalidInput(
                _("This can only be mended: {text} {remedy}").format(
                    text=finding.text, remedy=finding.remedy
                ),
                code="not_acceptable",
            )
        if identity in version.accepted:
            raise Conflict(_("This is accepted already."), code="accepted_already")
        acceptance = Acceptance(
            id=new_id("mpa"),
            mapping_id=version.mapping_id,
            version_number=version.number,
            finding=identity,
            reason=reason,
            accepted_at=self._clock.now(),
            accepted_by=access.actor.name,
        )
        AcceptanceRepository(access.connection).add(access.scope, acceptance)
        details = {
            "name": version.mapping_name,
            "version": str(version.number),
            "finding": identity,
            "reason": reason,
        }
        self._audit.record(access, MappingAction.ACCEPTED, version.mapping_id, details)
        return acceptance
