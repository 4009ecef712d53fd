"""What a delivery sends, rendered once: mappings prepared by version and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.model import Document
from ionport.exports.destinations.infor_idm import IdmPayload
from ionport.exports.destinations.infor_idm_bod import message_parameters
from ionport.exports.model import Delivery, StepKind
from ionport.mappings.bod import bod_address, parse_bod_mapping, render_bod
from ionport.mappings.idm import (
    SUPPLIER_FIELDS,
    IdmMapping,
    parse_idm_mapping,
    render_idm_item,
)
from ionport.mappings.model import BodEnvelope, IdmItem, MappingVersion, RenderSource, blocking

_KEPT = 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one step will send."""

    kind: StepKind
    payload: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    # Why the step before it is skipped; empty when it is not.
    no_look_up: str = ""


class Renderer:
    """Renders deliveries; raises InvalidInput for what cannot be rendered."""

    def __init__(self) -> None:
        self._prepared: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def render(
        self,
        delivery: Delivery,
        document: Document,
        idm: MappingVersion,
        bod: MappingVersion | None,
        *,
        accepts_at_least_once: bool,
        envelope: BodEnvelope,
    ) -> list[Rendered]:
        """Return what the steps of the delivery send.

        Raises:
            InvalidInput: the mapping does not fit the document, or must not be used.
        """
        for version in (idm, bod):
            if version is not None:
                _refuse_blocked(version, accepts_at_least_once=accepts_at_least_once)
        source = RenderSource(
            document_type=document.document_type,
            fields={**document.fields, "correlation_id": delivery.correlation_id},
            tables=document.tables,
            file_name=document.filename,
            mime_type=document.mime_type,
            size_bytes=document.size_bytes,
        )
        found = [self._item(delivery, document, idm, source)]
        if bod is not None:
            found.append(self._message(delivery, bod, source, envelope))
        return found

    def _item(
        self, delivery: Delivery, document: Document, version: MappingVersion, source: RenderSource
    ) -> Rendered:
        mapping = self._keep(version, parse_idm_mapping)
        item = render_idm_item(mapping, source)
        payload = IdmPayload.of(
            item,
            document.content_sha256,
            mapping.correlation_attribute,
            delivery.correlation_id,
            _same_invoice(mapping, item),
            _issued(mapping, item),
        )
        reason = ""
        if payload.look_up_attribute is None:
            reason = _("The mapping sends no correlation id, so that IDM cannot be asked.")
        return Rendered(StepKind.IDM_CREATE, payload.to_bytes(), no_look_up=reason)

    def _message(
        self,
        delivery: Delivery,
        version: MappingVersion,
        source: RenderSource,
        envelope: BodEnvelope,
    ) -> Rendered:
        mapping = self._keep(version, parse_bod_mapping)
        parameters = message_parameters(bod_address(mapping, source), delivery.message_id)
        return Rendered(StepKind.ION_PUBLISH, render_bod(mapping, source, envelope), parameters)

    def _keep(self, version: MappingVersion, parse: Callable[[str], T]) -> T:
        """Parse a version once; versions never change."""
        with self._lock:
            known: T | None = self._prepared.get(version.id)
            if known is not None:
                self._prepared.move_to_end(version.id)
                return known
        prepared = parse(version.text)
        with self._lock:
            self._prepared[version.id] = prepared
            while len(self._prepared) > _KEPT:
                self._prepared.popitem(last=False)
        return prepared


def _same_invoice(mapping: IdmMapping, item: IdmItem) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return what an item of the same invoice would have, as far as the mapping sends it."""
    sent = dict(item.attributes)

    def pair(name: str) -> tuple[str, str] | None:
        attribute = mapping.attribute_of(name)
        value = sent.get(attribute or "", "")
        return (attribute, value) if attribute and value else None

    number = pair("invoice_id")
    suppliers = [found for name in SUPPLIER_FIELDS if (found := pair(name)) is not None]
    return tuple((number, supplier) for supplier in suppliers) if number else ()


def _issued(mapping: IdmMapping, item: IdmItem) -> tuple[str, str] | None:
    """Return the attribute that carries the issue date, and its year."""
    attribute = mapping.attribute_of("invoice_date")
    year = dict(item.attributes).get(attribute or "", "")[:4]
    return (attribute, year) if attribute and year.isdigit() else None


def _refuse_blocked(version: MappingVersion, *, accepts_at_least_once: bool) -> None:
    """A version added after activation is held to the same rules as at activation."""
    blocked = blocking(version.findings, accept_at_least_once=accepts_at_least_once)
    if blocked:
        reasons = " ".join(f"{finding.text} {finding.remedy}".strip() for finding in blocked)
        raise InvalidInput(
            _("Version {number} of mapping “{name}” cannot be used: {reasons}").format(
                number=version.number, name=version.mapping_name, reasons=reasons
            ),
            code="mapping_blocked",
        )
