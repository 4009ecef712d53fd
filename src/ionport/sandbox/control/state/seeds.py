"""Seeds: what a tenant's sandbox begins with, from one JSON text.

    {"idm_types": [{"name": …, "attrs": {"attr": [{"name": …, "type": "1"}]}, "acls": {…}}],
     "idm": [{"entityName": …, "attrs": {"attr": […]}, "resrs": {"res": […]}, "acl": {…}}],
     "m3": [{"program": "CRS620MI", "transaction": "AddSupplier", "company": 1, "record": {…}}],
     "ln": [{"Order": "PUR000009", "OrderPosition": 10, "Receipt": "RCP000009", "Quantity": 5}],
     "ion": [{"name": "DocBits_Export", "clientId": …, "documents": ["Sync.CaptureDocument"]}],
     "catalog": [{"name": "Orders", "type": "JSON", "schema": {…}}]}

A document type is what IDM's `datamodel/entities` lists, here or in another tenant; what is not
there yet of it is added. An item is what a client would post; an M3 entry is a transaction, so
M3's own checks hold; an LN entry is a goods receipt that an invoice can be matched with. An ION
entry is a connection point, a catalog entry an object as a client would post it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.datastructures import Headers

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, IonportError, TooLarge
from ionport.core.i18n import _
from ionport.core.ids import new_uuid
from ionport.gateway.caller import Caller
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.sandbox.control.rights import require_control
from ionport.sandbox.control.state.model import StateAction
from ionport.sandbox.idm.datamodel.administration import DocumentTypeService
from ionport.sandbox.idm.representation import read_entity, read_item
from ionport.sandbox.idm.service import IdmService
from ionport.sandbox.kit.texts import load_json_object
from ionport.sandbox.ln.receipts import read_receipt
from ionport.sandbox.ln.service import LnService, LnSettings
from ionport.sandbox.m3.parameters import DEFAULT_COMPANY, Batch, Options, Request, read_company
from ionport.sandbox.m3.service import M3Service, M3Settings
from ionport.sandbox.messaging.ionservices import open_ion
from ionport.sandbox.messaging.points.model import read_point
from ionport.store import ScopedWork, TenantScope

MAX_BYTES: Final = 20_000_000
MAX_ENTRIES: Final = 5_000
_SECTIONS: Final = ("idm_types", "idm", "m3", "ln", "ion", "catalog")
_TRANSACTION: Final = frozenset(("program", "transaction", "company", "record"))
Made = TypeVar("Made")
_JSON: Final = Headers({"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a seed has made.

    Attributes:
        items: their pids.
        transactions: how many M3 transactions were run.
        receipts: how many goods receipts LN got.
        logical_ids: those of the connection points.
        objects: the names of those in the Data Catalog.
    """

    items: Sequence[str]
    transactions: int
    receipts: int
    logical_ids: Sequence[str]
    objects: Sequence[str]


class SeedService:
    """Fills a tenant's sandbox; all of a seed or nothing."""

    def __init__(self, clock: Clock, audit: AuditLog, blobs: Blobs) -> None:
        self._audit = audit
        self._idm_types = DocumentTypeService(clock, audit)
        self._idm = IdmService(clock, blobs)
        self._m3 = M3Service(clock, M3Settings(require_user=False))
        self._ln = LnService(clock, LnSettings())
        self._ion = open_ion(clock, blobs, audit)

    def seed(self, access: Access[TenantScope], text: bytes) -> Seeded:
        """Make what the JSON text asks for.

        Raises:
            Forbidden: the actor does not administer the tenant, or it is a production tenant.
            InvalidInput: the text begins with the path of what is wrong, such as `$.m3[2]`.
            TooLarge: over 20 MB or 5,000 entries.
        """
        require_control(access.actor, access.scope)
        content = _read(text)

        def each(section: str, make: Callable[[Mapping[str, Any]], Made]) -> list[Made]:
            made = []
            for path, entry in _entries(content, section):
                with _told_where(path):
                    made.append(make(entry))
            return made

        each("idm_types", lambda one: self._take_type(access, one))
        seeded = Seeded(
            items=each("idm", lambda one: self._add_item(access, one)),
            transactions=len(each("m3", lambda one: self._transact(access, one))),
            receipts=len(each("ln", lambda one: self._receive(access, one))),
            logical_ids=each("ion", lambda one: self._connect(access, one)),
            objects=each("catalog", lambda one: self._add_object(access, one)),
        )
        details = {
            "items": str(len(seeded.items)),
            "transactions": str(seeded.transactions),
            "receipts": str(seeded.receipts),
        }
        self._audit.record(access, StateAction.SEEDED, access.scope.tenant_id, details)
        return seeded

    def _take_type(self, access: Access[TenantScope], entry: Mapping[str, Any]) -> None:
        self._idm_types.take_type(access, read_entity(entry))

    def _add_item(self, access: Access[TenantScope], entry: Mapping[str, Any]) -> str:
        # As the body of a create request: whatever that takes, a seed takes too.
        item = read_item(json.dumps({"item": entry}).encode(), _JSON)
        return self._idm.create(access, access.actor.name, self._idm.draft(item)).pid

    def _transact(self, access: Access[TenantScope], entry: Mapping[str, Any]) -> None:
        if unknown := sorted(entry.keys() - _TRANSACTION):
            raise _wrong(_("{name} is not known here.").format(name=unknown[0]))
        record = entry.get("record", {})
        if not isinstance(record, dict):
            raise _wrong(_("The record is a JSON object."))
        company = read_company(str(entry.get("company", DEFAULT_COMPANY)))
        values = {str(name): str(value) for name, value in record.items()}
        request = Request(str(entry.get("transaction", "")), values)
        batch = Batch(str(entry.get("program", "")), Options(company=company), [request])
        caller = Caller(access.scope.tenant_id, access.actor.name, None, None, new_uuid())
        outcome = self._m3.run(access, caller, batch, self._m3.check(batch, caller))
        for result in outcome.results:
            if result.error is not None:
                raise result.error

    def _receive(self, access: ScopedWork[TenantScope], entry: Mapping[str, Any]) -> None:
        receipt = read_receipt({str(name): str(value) for name, value in entry.items()})
        if not self._ln.receive(access, receipt):
            text = _("Line {line} of goods receipt {number} is there already.")
            raise _wrong(text.format(line=receipt.receipt_line, number=receipt.receipt))

    def _connect(self, access: Access[TenantScope], entry: Mapping[str, Any]) -> str:
        return self._ion.points.create_point(access, read_point(entry)).logical_id

    def _add_object(self, access: Access[TenantScope], entry: Mapping[str, Any]) -> str:
        return self._ion.lake.add_object(access, entry).name


def _read(text: bytes) -> Mapping[str, Any]:
    if len(text) > MAX_BYTES:
        raise TooLarge(_("A seed has at most {mb} MB.").format(mb=MAX_BYTES // 1_000_000))
    content = load_json_object(text)
    if unknown := sorted(content.keys() - set(_SECTIONS)):
        raise _wrong(
            _("$.{name} is not known; a seed has {sections}.").format(
                name=unknown[0][:80], sections=", ".join(_SECTIONS)
            )
        )
    return content


def _entries(content: Mapping[str, Any], section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = content.get(section, [])
    if not isinstance(entries, list):
        raise _wrong(_("$.{name} is a list.").format(name=section))
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(
            _("$.{name} has at most {limit} entries.").format(name=section, limit=MAX_ENTRIES)
        )
    for position, entry in enumerate(entries):
        path = f"$.{section}[{position}]"
        if not isinstance(entry, dict):
            raise _wrong(_("{path} is a JSON object.").format(path=path))
        yield path, entry


@contextmanager
def _told_where(path: str) -> Iterator[None]:
    try:
        yield
    except IonportError as error:
        raise _wrong(f"{path}: {error.text}") from error


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(text, code="seed_invalid", fields={"seed": text})
