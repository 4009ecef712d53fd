"""What an administrator sets for a document type, and the findings that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import N_, _, labelled
from ionport.documents.bulk.anew import JudgingAnew
from ionport.documents.model import Row
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.model import NewFinding
from ionport.documents.type_settings.model import (
    FieldSetting,
    TypeSettings,
    settings_as_json,
    settings_of,
)
from ionport.documents.type_settings.patterns import matches
from ionport.documents.type_settings.repository import TypeSettingsRepository
from ionport.documents.types import document_type
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import AuditAction
from ionport.store import OrganizationScope, ScopedWork

_SHOWN = 100


class DocumentTypeAction(AuditAction):
    """What the audit log tells of a document type."""

    CHANGED = "document_type.changed", N_("Document type changed")


class TypeSettingsService:
    """Settings of document types; reads need no actor."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit
        self._anew = JudgingAnew(clock, audit)

    def get(self, access: ScopedWork[OrganizationScope], type_id: str) -> TypeSettings:
        """Return the settings of a document type; raises NotFound."""
        return TypeSettingsRepository(access.connection).find(
            access.scope, document_type(type_id).id
        )

    def put(self, access: Access[OrganizationScope], settings: TypeSettings) -> None:
        """Replace the settings of a document type; the rules run again for waiting documents.

        Raises Forbidden. `settings_of` has checked them.
        """
        access.require_organization_administrator()
        before = self.get(access, settings.document_type)
        repository = TypeSettingsRepository(access.connection)
        repository.put(access.scope, settings, self._clock.now(), access.actor.name)
        details = _changes(before, settings)
        if details:
            self._audit.record(
                access,
                DocumentTypeAction.CHANGED,
                settings.document_type,
                details,
            )
            self._anew.begin(access)

    def set_field(
        self,
        access: Access[OrganizationScope],
        type_id: str,
        field_id: str,
        values: Mapping[str, Any],
    ) -> None:
        """Set what is demanded of one field, as its object in the file says it.

        Raises Forbidden, NotFound, and InvalidInput that names places such as
        `fields.due_date.pattern`.
        """
        access.require_organization_administrator()
        if field_id not in {one.id for one in document_type(type_id).fields}:
            raise NotFound(_("There is no such field."), code="no_field")
        before = settings_as_json(self.get(access, type_id))
        fields = {**before["fields"], field_id: values}
        self.put(access, settings_of({**before, "fields": fields}))

    def set_effect(
        self, access: Access[OrganizationScope], type_id: str, code: str, effect: str
    ) -> None:
        """Let a rule hold or note for the type; "" is the default effect.

        Raises Forbidden, NotFound, and InvalidInput where it always holds or is no rule.
        """
        access.require_organization_administrator()
        before = settings_as_json(self.get(access, type_id))
        effects = {name: one for name, one in before["effects"].items() if name != code}
        if effect:
            effects[code] = effect
        self.put(access, settings_of({**before, "effects": effects}))

    def set_approvals(
        self, access: Access[OrganizationScope], type_id: str, values: Mapping[str, Any]
    ) -> None:
        """Set how many approvals documents of the type need, as the file says it.

        Raises Forbidden, NotFound, and InvalidInput that names places such as
        `approvals.first_from`.
        """
        access.require_organization_administrator()
        before = settings_as_json(self.get(access, type_id))
        self.put(access, settings_of({**before, "approvals": dict(values)}))

    def policy(self, access: ScopedWork[OrganizationScope], type_id: str) -> ApprovalPolicy:
        """Return how many approvals documents of the type need."""
        return TypeSettingsRepository(access.connection).find(access.scope, type_id).approvals

    def of_types(
        self, access: ScopedWork[OrganizationScope], type_ids: Iterable[str]
    ) -> Mapping[str, TypeSettings]:
        """Return the settings that documents of these types are judged by."""
        repository = TypeSettingsRepository(access.connection)
        return {
            type_id: repository.find(access.scope, type_id) for type_id in dict.fromkeys(type_ids)
        }

    def require_changeable(
        self, access: ScopedWork[OrganizationScope], type_id: str, names: Sequence[str]
    ) -> None:
        """Raise InvalidInput that names the fields of `names` that are read only."""
        settings = TypeSettingsRepository(access.connection).find(access.scope, type_id).fields
        wrong = {
            name: _("This field is read only.")
            for name in names
            if name in settings and settings[name].read_only
        }
        if wrong:
            text = " ".join(labelled(name, what) for name, what in wrong.items())
            raise InvalidInput(text, code="read_only", fields=wrong)

    def other_names(self, access: ScopedWork[OrganizationScope], type_id: str, fields: Row) -> Row:
        """Return the values of fields under their ERP field names, as mappings look them up."""
        settings = TypeSettingsRepository(access.connection).find(access.scope, type_id).fields
        return {
            one.erp_field_name.lower(): fields[name]
            for name, one in settings.items()
            if one.erp_field_name and fields.get(name)
        }


def judge_fields(
    settings: TypeSettings, fields: Row, findings: Sequence[NewFinding]
) -> Sequence[NewFinding]:
    """Return the findings with the effects of the document type, and those about its fields."""
    found = [*findings, *_field_findings(settings, fields)]
    effects = settings.effects
    return [
        replace(one, own_effect=effects[one.code])
        if one.code in effects and one.own_effect is None
        else one
        for one in found
    ]


def _field_findings(settings: TypeSettings, fields: Row) -> list[NewFinding]:
    found = []
    for name, one in sorted(settings.fields.items()):
        value = fields.get(name, "")
        if not value:
            if one.required:
                found.append(NewFinding("field_required", {"field": name}))
            continue
        for code, limit in _broken(one, value):
            given = {"field": name, "value": value[:_SHOWN], "limit": limit[:_SHOWN]}
            found.append(NewFinding(code, given))
    return found


def _broken(setting: FieldSetting, value: str) -> list[tuple[str, str]]:
    broken = []
    if setting.max_length is not None and len(value) > setting.max_length:
        broken.append(("field_length", str(setting.max_length)))
    if setting.pattern and not matches(setting.pattern, value):
        broken.append(("field_pattern", setting.pattern))
    if setting.values and value not in setting.values:
        broken.append(("field_value", ", ".join(setting.values)))
    return broken


def _changes(before: TypeSettings, after: TypeSettings) -> dict[str, str]:
    """Return what the audit log keeps: effects and approvals with both values, fields by name."""
    effects = {
        code: (before.effects.get(code, "default"), after.effects.get(code, "default"))
        for code in sorted({*before.effects, *after.effects})
    }
    details = {
        f"effect {code}": f"{old} → {new}" for code, (old, new) in effects.items() if old != new
    }
    fields = [
        name
        for name in sorted({*before.fields, *after.fields})
        if before.fields.get(name) != after.fields.get(name)
    ]
    if fields:
        details["fields"] = ", ".join(fields)[:500]
    if before.approvals != after.approvals:
        old, new = before.approvals, after.approvals
        details["approvals"] = (
            f"first from {old.first_from} → {new.first_from},"
            f" second from {old.second_from} → {new.second_from}"
        )
        if old.exports_by_itself is not new.exports_by_itself:
            details["exported by itself"] = "on" if new.exports_by_itself else "off"
    return details
