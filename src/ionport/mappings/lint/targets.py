"""An IDM mapping against the data model of the tenant that it is sent to.

Source: docs/reference/idm.md. The port is declared here and filled by the composition: the linter
itself calls no server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ionport.mappings.grammars.edits import set_value
from ionport.mappings.grammars.properties import Properties, Property, parse_properties
from ionport.mappings.lint.common import close_to, found
from ionport.mappings.model import Finding
from ionport.mappings.rendering.idm import is_document_type_key
from ionport.store import OrganizationScope


@dataclass(frozen=True, slots=True)
class EntityModel:
    """A document type of IDM: the names of its attributes, and which an item must have."""

    attributes: frozenset[str]
    required: frozenset[str] = frozenset()


class DataModels(Protocol):
    """Tells the data model of the tenant behind a connection; asks the tenant, so no transaction.

    Raises IonportError or an error of the client library where it cannot be had.
    """

    def entities(self, scope: OrganizationScope, connection_id: str) -> Mapping[str, EntityModel]:
        """Return the document types of IDM by name."""
        ...


def lint_against(text: str, model: Mapping[str, EntityModel]) -> list[Finding]:
    """Return the findings of an IDM mapping that the tenant would refuse, by line."""
    properties = parse_properties(text)
    sent = _sent(properties)
    findings = []
    for line in properties:
        if not line.value or not is_document_type_key(line.key):
            continue
        entity = model.get(line.value)
        if entity is None:
            findings.append(_unknown("idm_unknown_type", line, model, line.value))
        else:
            findings += _of_entity(line, entity, sent)
    return sorted(findings, key=lambda finding: finding.line or 0)


def _sent(properties: Properties) -> Mapping[str, Property]:
    """Return the line that sends each attribute; of an attribute of a constant its key names it."""
    constants = (properties.by_key.get("SF_" + one) for one in properties.names("Static_Fields"))
    sent = {line.key.removeprefix("SF_"): line for line in constants if line and line.value}
    fields = (properties.by_key.get("IF_" + one) for one in properties.names("Index_Fields"))
    return sent | {line.value: line for line in fields if line and line.value}


def _of_entity(
    type_line: Property, entity: EntityModel, sent: Mapping[str, Property]
) -> Iterator[Finding]:
    for name, line in sent.items():
        if name not in entity.attributes:
            known = entity.attributes - sent.keys()
            yield _unknown("idm_unknown_attribute", line, known, name, type=type_line.value)
    for name in sorted(entity.required - sent.keys()):
        yield found("idm_required_attribute", type_line, name=name, type=type_line.value)


def _unknown(
    code: str, line: Property, known: Mapping[str, object] | frozenset[str], name: str, **more: str
) -> Finding:
    """Return the finding, with a fix where the known name differs in letter case alone."""
    same = [one for one in known if one.casefold() == name.casefold()]
    fix = [set_value(line, same[0])] if same and line.value == name else []
    close = same[0] if same else close_to(name, known)
    return found(code, line, fix=fix, name=name, suggestion=close, **more)
