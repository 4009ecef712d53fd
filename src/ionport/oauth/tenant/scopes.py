"""Scopes: their names, and lists of them as texts (docs/reference/credentials.md#scopes)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.identity.model import AuditAction

MAX_SCOPE_LENGTH: Final = 50
MAX_SCOPES: Final = 100
MAX_SCOPE_DESCRIPTION: Final = 500
PREFIX: Final = "Infor-"
# An API context has up to 64 letters, and so has what its scope is called after.
_MAX_SUITE_SCOPE: Final = len(PREFIX) + 64
# Infor's files name the suite of ION after the product, not after its context
# (docs/reference/credentials.md#scopes, docs/reference/credentials.md#the-file).
_NAMED_OTHERWISE: Final = {"IONSERVICES": f"{PREFIX}ION"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")


@dataclass(frozen=True, slots=True)
class CustomScope:
    """A scope of the tenant's own, beside those of the API suites."""

    tenant_id: str
    name: str
    description: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class OfferedScope:
    """A scope that can be ticked in a form, and what it is for."""

    name: str
    description: str


def scope_of(api_context: str) -> str:
    """Return the scope that an API suite asks for: `Infor-IDM` for context `IDM`."""
    return _NAMED_OTHERWISE.get(api_context, f"{PREFIX}{api_context}")


def parse_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes of a space-separated text, each once, in its order."""
    return tuple(dict.fromkeys(text.split()))


def wrong_scopes(names: Iterable[str]) -> str | None:
    """Return what is wrong with an app's or a service account's list of scopes."""
    names = tuple(names)
    if len(names) > MAX_SCOPES:
        return _("Choose at most {limit} scopes.").format(limit=MAX_SCOPES)
    for name in names:
        limit = _MAX_SUITE_SCOPE if name.startswith(PREFIX) else MAX_SCOPE_LENGTH
        if not _NAME.fullmatch(name) or len(name) > limit:
            return _("{scope} is no scope such as Infor-IDM.").format(scope=name[:60])
    return None


def check_custom_scope(name: str, description: str) -> None:
    """Raise InvalidInput unless this can be a custom scope.

    Source: docs/reference/credentials.md#scopes.
    """
    fields = {"name": _wrong_name(name), "description": None}
    if len(description) > MAX_SCOPE_DESCRIPTION:
        text = _("Use at most {limit} characters.").format(limit=MAX_SCOPE_DESCRIPTION)
        fields["description"] = text
    if wrong := {field: text for field, text in fields.items() if text}:
        raise InvalidInput(
            _("The scope cannot be saved. Correct the marked fields."),
            code="scope_invalid",
            fields=wrong,
        )


def _wrong_name(name: str) -> str | None:
    if len(name) > MAX_SCOPE_LENGTH or not _NAME.fullmatch(name):
        return _("Use 1 to 50 letters, digits and the signs . _ : / -, for example Acme-Orders.")
    if name.lower().startswith(PREFIX.lower()):
        return _("Names that begin with Infor- belong to the API suites.")
    if name.lower() == "openid":
        return _("The name openid is taken.")
    return None


class ScopeAction(AuditAction):
    """What the audit log tells of a tenant's own scope."""

    CREATED = "scope.created", N_("Scope added")
    DELETED = "scope.deleted", N_("Scope deleted")
