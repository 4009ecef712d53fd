"""What the imitated services hold, for a test to look at and to assert on.

`item`, `message` and `invoice` return the one that a test expects, and fail with a list of what
is there instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ionport.core.paging import Page, PageRequest
from ionport.core.values.alike import taken_from
from ionport.identity.access import Access
from ionport.sandbox.control.inspection import InspectionService
from ionport.sandbox.idm.model import Item, ItemFilter
from ionport.sandbox.m3.inspection import M3Inspection
from ionport.sandbox.m3.model import File, Record
from ionport.sandbox.m3.parameters import DEFAULT_COMPANY
from ionport.sandbox.messaging.model import Message, MessageFilter
from ionport.store import Work
from ionport.testing.handle.reading import agrees, all_pages, only
from ionport.testing.parts import ACTOR, Parts

_MAX_RECORDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class IdmItem:
    """An item of IDM.

    Attributes:
        attributes: values by name; a tuple where a name occurs more than once.
        filename: of the main file, empty when there is none; `size` in bytes.
    """

    pid: str
    entity: str
    acl: str
    attributes: Mapping[str, str | tuple[str, ...]]
    filename: str
    mime_type: str
    size: int
    _read: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def content(self) -> bytes:
        """The bytes of the main file."""
        return self._read()


@dataclass(frozen=True, slots=True)
class IonMessage:
    """A message that ION took.

    Attributes:
        parameters: everything that came beside the document, as texts.
        arrivals: how often it came; more than once means that it was sent again.
        findings: differences that ION accepts, and the sender should know.
    """

    message_id: str
    document_name: str
    from_logical_id: str
    to_logical_id: str
    arrivals: int
    findings: tuple[str, ...]
    parameters: Mapping[str, str] = field(repr=False)
    _read: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def bod(self) -> bytes:
        """The document, unpacked."""
        return self._read()


@dataclass(frozen=True, slots=True)
class M3Invoice:
    """A supplier invoice of M3's batch (APS450MI).

    Attributes:
        fields: values by field name, such as `SUNO` and `SINO`; dates as YYYYMMDD.
        lines: the same for each line, in the order of their numbers.
        errors: what validation (APS455MI) found wrong.
    """

    fields: Mapping[str, str]
    lines: Sequence[Mapping[str, str]]
    errors: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


class IdmState:
    """The items that IDM holds, the oldest first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._inspection = InspectionService(parts.blobs)

    def items(self, entity: str | None = None, **attributes: str) -> list[IdmItem]:
        """Return the items of that document type whose attributes have these values."""
        filters = ItemFilter(entity=entity, ascending=True)

        def page(work: Work, request: PageRequest) -> Page[Item]:
            scope = self._parts.scope
            return self._inspection.list_items(Access(work, scope, ACTOR), request, filters)

        found = [self._shown(item) for item in all_pages(self._parts.database, page)]
        return [item for item in found if agrees(item.attributes, attributes)]

    def item(self, entity: str | None = None, **attributes: str) -> IdmItem:
        """Return the one item that agrees; raises AssertionError when it is not exactly one."""
        wanted = {"entity": entity, **attributes}
        return only(self.items(entity, **attributes), wanted, "IDM item", self.items)

    def _shown(self, item: Item) -> IdmItem:
        values: dict[str, str | tuple[str, ...]] = {}
        for attribute in item.attributes:
            before = values.get(attribute.name, ())
            several = (*((before,) if isinstance(before, str) else before), attribute.value)
            values[attribute.name] = several if len(several) > 1 else attribute.value
        file, blobs = item.main_resource, self._parts.blobs
        return IdmItem(
            pid=item.pid,
            entity=item.entity_name,
            acl=item.acl,
            attributes=values,
            filename=file.filename if file else "",
            mime_type=file.mime_type if file else "",
            size=file.size if file else 0,
            _read=lambda: blobs.get(file.sha256) if file else b"",
        )


class IonState:
    """The messages that ION took, the oldest first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._inspection = InspectionService(parts.blobs)

    def messages(self, document_name: str | None = None, **wanted: str) -> list[IonMessage]:
        """Return the messages of that document, such as `Sync.CaptureDocument`.

        `wanted` names a message's attributes (`message_id`) or parameters (`fromLogicalId`).
        """
        filters = MessageFilter(document_name=document_name, ascending=True)

        def page(work: Work, request: PageRequest) -> Page[Message]:
            scope = self._parts.scope
            return self._inspection.list_messages(Access(work, scope, ACTOR), request, filters)

        found = [self._shown(message) for message in all_pages(self._parts.database, page)]
        return [message for message in found if agrees(_values(message), wanted)]

    def message(self, document_name: str | None = None, **wanted: str) -> IonMessage:
        """Return the one message that agrees; raises AssertionError when it is not exactly one."""
        asked = {"document_name": document_name, **wanted}
        found = self.messages(document_name, **wanted)
        return only(found, asked, "ION message", self.messages)

    def _shown(self, message: Message) -> IonMessage:
        blobs = self._parts.blobs
        return taken_from(IonMessage, message, _read=lambda: blobs.get(message.bod_sha256))


class M3State:
    """The records of M3's files, in the order of their keys."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def records(
        self, file: str, *, company: int = DEFAULT_COMPANY, **fields: str
    ) -> list[Mapping[str, str]]:
        """Return the records of a file whose fields have these values.

        `file` is such as `supplier`, `purchase order` or `delivery line`; `company` is CONO.

        Raises:
            ValueError: the sandbox keeps no such file.
        """
        if file not in tuple(File):
            raise ValueError(f"M3's files are {', '.join(File)}, not {file!r}")
        found = self._read(File(file), company)
        return [record for record in found if agrees(record, fields)]

    def invoices(self, *, company: int = DEFAULT_COMPANY, **fields: str) -> list[M3Invoice]:
        """Return the supplier invoices of the batch whose heads have these values."""
        lines = self._read(File.INVOICE_LINE, company)
        return [
            M3Invoice(
                head,
                [line for line in lines if _is_line_of(head, line)],
                tuple(filter(None, head.get("errors", "").splitlines())),
            )
            for head in self.records(File.INVOICE, company=company, **fields)
        ]

    def invoice(self, *, company: int = DEFAULT_COMPANY, **fields: str) -> M3Invoice:
        """Return the one invoice that agrees; raises AssertionError when it is not exactly one."""
        found = self.invoices(company=company, **fields)
        return only(found, fields, "M3 invoice", lambda: self.invoices(company=company))

    def _read(self, file: File, company: int) -> Sequence[Record]:
        with self._parts.database.read() as work:
            return M3Inspection().records(
                Access(work, self._parts.scope, ACTOR), file, company=company, limit=_MAX_RECORDS
            )


def _is_line_of(head: Record, line: Record) -> bool:
    return (line.get("DIVI"), line.get("INBN")) == (head.get("DIVI"), head.get("INBN"))


def _values(message: IonMessage) -> dict[str, str]:
    own = ("message_id", "from_logical_id", "to_logical_id")
    return {**message.parameters, **{name: str(getattr(message, name)) for name in own}}
