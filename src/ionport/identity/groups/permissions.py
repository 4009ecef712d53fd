"""What a person may do in an organization, by document type."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ionport.core.i18n import _

EVERY_TYPE: Final = ""
"""In place of a document type: all of them, also those that come later."""


class Permission(StrEnum):
    """One thing that a group lets its members do."""

    SEE = "see"
    EDIT = "edit"
    DECIDE = "decide"
    APPROVE = "approve"
    EXPORT = "export"
    RE_EXPORT = "re_export"
    DELETE = "delete"
    MANAGE_CONNECTIONS = "manage_connections"
    SEE_PAYLOADS = "see_payloads"

    @property
    def label(self) -> str:
        """Its name, in the reader's language."""
        return {
            Permission.SEE: _("See"),
            Permission.EDIT: _("Edit"),
            Permission.DECIDE: _("Decide"),
            Permission.APPROVE: _("Approve"),
            Permission.EXPORT: _("Export"),
            Permission.RE_EXPORT: _("Re-export"),
            Permission.DELETE: _("Delete"),
            Permission.MANAGE_CONNECTIONS: _("Manage connections"),
            Permission.SEE_PAYLOADS: _("See payloads"),
        }[self]

    @property
    def help(self) -> str:
        """What it allows, in the reader's language."""
        return {
            Permission.SEE: _("Lists, documents and their deliveries"),
            Permission.EDIT: _("Send in documents, correct values, assign a company"),
            Permission.DECIDE: _("Accept findings, reject, hold, take back"),
            Permission.APPROVE: _("Give the approvals that a document type asks for"),
            Permission.EXPORT: _("Export, retry and cancel deliveries"),
            Permission.RE_EXPORT: _("Export once more what was delivered"),
            Permission.DELETE: _("Delete documents"),
            Permission.MANAGE_CONNECTIONS: _("Upload, replace, prove and delete connections"),
            Permission.SEE_PAYLOADS: _("What was sent to Infor and what it answered"),
        }[self]


OF_ORGANIZATION: Final = frozenset({Permission.MANAGE_CONNECTIONS})
"""What concerns no document, and is given for the whole organization."""

OF_MEMBERS: Final = frozenset(Permission) - OF_ORGANIZATION
"""What a member may do who is in no group, with documents of every type."""


class Grant(NamedTuple):
    """One permission for documents of one type, or of `EVERY_TYPE`."""

    permission: Permission
    document_type: str = EVERY_TYPE


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do in one organization; administrators are not asked."""

    grants: frozenset[Grant]

    @classmethod
    def of_members(cls) -> Rights:
        """Return what a member may do who is in no group."""
        return cls(frozenset(Grant(one) for one in OF_MEMBERS))

    def allow(self, permission: Permission, document_type: str | None = None) -> bool:
        """Tell whether it may be done with documents of a type; None: with those of any."""
        if document_type is None:
            return any(grant.permission is permission for grant in self.grants)
        return not self.grants.isdisjoint(
            {Grant(permission), Grant(permission, document_type)},
        )

    def types(self, permission: Permission) -> frozenset[str] | None:
        """Return with which document types it may be done; None for every type."""
        if Grant(permission) in self.grants:
            return None
        return frozenset(kind for one, kind in self.grants if one is permission)


def with_sight(grants: Collection[Grant]) -> frozenset[Grant]:
    """Return `grants` in order: who may do anything with a document may see it.

    What concerns the organization is given for every type, and what is given for every type is
    not given for one besides.
    """
    placed = {Grant(one, EVERY_TYPE if one in OF_ORGANIZATION else kind) for one, kind in grants}
    seen = {Grant(Permission.SEE, kind) for one, kind in placed if one not in OF_ORGANIZATION}
    whole = placed | seen
    return frozenset(
        grant
        for grant in whole
        if grant.document_type == EVERY_TYPE or Grant(grant.permission) not in whole
    )
