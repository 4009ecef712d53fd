"""The method Infor IDM: the document becomes an item of Infor Document Management.

IDM can be asked for an item by the correlation id, so a call whose answer was lost is looked up
before it is made again (docs/reference/idm.md#create, docs/reference/idm.md#search).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any

from ionport.connections.model import TargetKind
from ionport.core.i18n import _
from ionport.documents.invoice.rendering.model import Language
from ionport.exports.destinations.port import (
    Answer,
    AnyCall,
    Calling,
    Found,
    MethodOption,
    OtherItem,
    Payload,
    Planning,
    Prepare,
    ReadContent,
    Rendered,
    RenderJob,
)
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.idm import Item, ItemDraft
from ionport.ionapi.idm_query import exact_match
from ionport.mappings.model import IdmItem, MappingKind, MappingVersion
from ionport.mappings.rendering.idm import (
    SUPPLIER_FIELDS,
    IdmMapping,
    embedded_filename,
    parse_idm_mapping,
    render_idm_item,
)
from ionport.mappings.rendering.model import PlannedCall

_PDF = "application/pdf"
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class IdmPayload:
    """What is created, as stored: files stay in the blobs, the first one by `content_sha256`.

    `look_up_attribute` is the attribute that carries the correlation id; None when the mapping
    sends none and the configuration accepts at-least-once.
    """

    entity_name: str
    attributes: tuple[tuple[str, str], ...]
    acl: str | None
    filename: str
    content_sha256: str
    look_up_attribute: str | None
    correlation_id: str
    # The attributes of another item of the same invoice: the number with one supplier identity
    # each.
    same_invoice: tuple[tuple[tuple[str, str], ...], ...] = ()
    # The attribute that carries the issue date, and its year: another year is another invoice.
    issued: tuple[str, str] | None = None
    # Names and digests of the files behind the first one.
    more_files: tuple[tuple[str, str], ...] = ()
    # The page of the invoice was too large to be made: the XML is the only file.
    has_no_page: bool = False

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Names and digests of all files, in the order in which they are sent."""
        return ((self.filename, self.content_sha256), *self.more_files)

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> IdmPayload:
        """Read what `to_bytes` wrote."""
        data = json.loads(content)
        data["attributes"] = tuple((name, value) for name, value in data["attributes"])
        data["same_invoice"] = tuple(
            tuple((name, value) for name, value in one) for one in data.get("same_invoice", ())
        )
        issued = data.get("issued")
        data["issued"] = (issued[0], issued[1]) if issued else None
        data["more_files"] = tuple((name, digest) for name, digest in data.get("more_files", ()))
        return cls(**data)


def look_up(client: IonApiClient, payload: IdmPayload) -> list[Item]:
    """Return the items that carry the correlation id, the oldest first; raises IonApiError.

    More than one is a double
    (docs/decisions/0019-who-may-send-and-when-another-may.md, what remains open).
    """
    name, value = payload.look_up_attribute, payload.correlation_id
    if name is None:
        raise ValueError("without a correlation attribute there is nothing to ask for")
    found = client.idm.search(exact_match(payload.entity_name, {name: value}), limit=10)
    # IDM compares without regard to case where the database does.
    same = [item for item in found if item.attribute(name) in (value, None)]
    return sorted(same, key=lambda item: (len(item.id), item.id))


def look_up_invoice(
    client: IonApiClient, payload: IdmPayload
) -> tuple[list[Item], list[OtherItem]]:
    """Ask before a first create: for the correlation id, and for another item of the invoice.

    Returns the items that carry the correlation id, the oldest first, and the others. One call:
    the questions are a UNION. Raises IonApiError.
    """
    name, value = payload.look_up_attribute, payload.correlation_id
    if name is None:
        raise ValueError("without a correlation attribute there is nothing to ask for")
    questions = [{name: value}, *(dict(one) for one in payload.same_invoice)]
    query = " UNION ".join(exact_match(payload.entity_name, one) for one in questions)
    found = sorted(client.idm.search(query, limit=20), key=lambda item: (len(item.id), item.id))
    ours, others = [], []
    for item in found:
        correlation_id = item.attribute(name)
        if correlation_id == value:
            ours.append(item)
        elif _is_same_invoice(item, payload):
            others.append(OtherItem(item.pid, correlation_id or ""))
    return ours, others


def _is_same_invoice(item: Item, payload: IdmPayload) -> bool:
    """IDM compares loosely; here the values must be equal, and the years where both are there."""
    same = any(
        all(_folded(item.attribute(name) or "") == _folded(value) for name, value in one)
        for one in payload.same_invoice
    )
    if not same or payload.issued is None:
        return same
    attribute, year = payload.issued
    theirs = _YEAR.search(item.attribute(attribute) or "")
    return theirs is None or theirs[0] == year


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def create(client: IonApiClient, payload: IdmPayload, read: ReadContent) -> Item:
    """Create the item with its files; raises IonApiError, and IonportError of `read`."""
    return client.idm.create_item(
        ItemDraft(
            entity_name=payload.entity_name,
            attributes=payload.attributes,
            resources=tuple((name, read(digest)) for name, digest in payload.files),
            acl=payload.acl,
        )
    )


class IdmLookUp:
    """IDM is asked by the attribute that carries the correlation id."""

    kind = StepKind.IDM_LOOK_UP
    is_booking = False

    def find(self, client: IonApiClient, payload: Payload) -> Found:
        items = look_up(client, IdmPayload.from_bytes(payload.content))
        return Found(tuple(item.pid for item in items))

    def find_before_first(self, client: IonApiClient, payload: Payload) -> Found:
        items, others = look_up_invoice(client, IdmPayload.from_bytes(payload.content))
        return Found(tuple(item.pid for item in items), tuple(others))

    def found_text(self) -> str:
        return _("Found in IDM.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        if not others:
            return _("Not in IDM yet.")
        return _("Not in IDM yet; the same invoice is there as {ids}.").format(
            ids=", ".join(other.pid for other in others)
        )

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; IDM is asked whether the item has arrived.")

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        return (
            _("The document may be in IDM twice: {first} and {second}.").format(
                first=first, second=second
            ),
            _(
                "Compare the two items in IDM and delete the wrong one; then decide on the"
                " document."
            ),
        )

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        return (
            _("An item with this number and supplier is in IDM already: {id}.").format(id=item_id),
            _("Compare it with the document; then decide on the document."),
        )


class IdmCreate:
    """Creates the item; its id stands in the delivery."""

    kind = StepKind.IDM_CREATE
    look_up = IdmLookUp()
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        wanted = IdmPayload.from_bytes(payload.content)
        item = create(calling.client, wanted, calling.read)
        if wanted.has_no_page:
            return Answer(
                item.pid,
                _("Created in IDM as XML alone: the invoice is too large for a page as PDF."),
            )
        return Answer(item.pid, _("Created in IDM."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"idm_pid": remote_id}

    def remote_id(self, delivery: Delivery) -> str:
        return delivery.idm_pid or ""


class InforIdm:
    """The method Infor IDM."""

    method = ExportMethod.INFOR_IDM
    label = "Infor IDM"
    family = "infor"
    target = TargetKind.INFOR
    calls: tuple[AnyCall, ...] = (IdmCreate(),)
    proof_stages: tuple[str, ...] = ("idm",)
    mapping_kinds: tuple[MappingKind, ...] = (MappingKind.IDM,)
    optional_kinds: tuple[MappingKind, ...] = ()
    options: tuple[MethodOption, ...] = ()
    plans_itself = False
    question: ErpQuestion | None = None

    @property
    def summary(self) -> str:
        return _("Stores the document with its attributes in Infor Document Management.")

    @property
    def second_text(self) -> str:
        return _(
            "A second item appears in IDM, and whatever follows it may book the invoice twice."
        )

    def page_language(
        self, versions: Mapping[MappingKind, MappingVersion], prepare: Prepare
    ) -> Language | None:
        return _page_language(prepare(versions[MappingKind.IDM], parse_idm_mapping))

    def render(self, job: RenderJob) -> list[Rendered]:
        return [render_item(job)]

    def planned(self, rendered: Sequence[Rendered], planning: Planning) -> Sequence[PlannedCall]:
        return ()

    def delivered_text(self, delivery: Delivery) -> str:
        if not delivery.idm_pid:
            return _("Delivered through “{title}”.").format(title=delivery.configuration_title)
        return _("Delivered through “{title}”: IDM item {pid}.").format(
            title=delivery.configuration_title, pid=delivery.idm_pid
        )


def render_item(job: RenderJob) -> Rendered:
    """Render the item that is created; raises InvalidInput."""
    mapping = job.prepare(job.versions[MappingKind.IDM], parse_idm_mapping)
    page = job.files.page(_page_language(mapping))
    source = job.source if page is None else replace(job.source, mime_type=_PDF)
    item = render_idm_item(mapping, source)
    payload = IdmPayload(
        entity_name=item.entity_name,
        attributes=item.attributes,
        acl=item.acl,
        filename=item.filename,
        content_sha256=page or job.document.content_sha256,
        look_up_attribute=mapping.correlation_attribute,
        correlation_id=job.delivery.correlation_id,
        same_invoice=_same_invoice(mapping, item),
        issued=_issued(mapping, item),
        more_files=tuple(_more_files(mapping, job, item.filename)),
        has_no_page=page is None,
    )
    reason = ""
    if payload.look_up_attribute is None:
        reason = _("The mapping sends no correlation id, so that IDM cannot be asked.")
    return Rendered(StepKind.IDM_CREATE, payload.to_bytes(), no_look_up=reason)


def _page_language(mapping: IdmMapping) -> Language:
    """Return the language that the mapping names; English where it names none that we have."""
    named = mapping.page_language
    return Language(named) if named in set(Language) else Language.ENGLISH


def _more_files(mapping: IdmMapping, job: RenderJob, first: str) -> Iterator[tuple[str, str]]:
    """Yield the files inside the document that the mapping asks for, each under its own name."""
    if not mapping.embedded_files:
        return
    inside = job.files.embedded()
    names = {first.casefold()}
    for wanted in mapping.embedded_files:
        for own_name, digest in inside:
            if not wanted.is_for(own_name):
                continue
            name = _unused(embedded_filename(wanted, job.source, own_name), names)
            names.add(name.casefold())
            yield name, digest


def _unused(name: str, names: set[str]) -> str:
    path = PurePosixPath(name)
    numbered = (f"{path.stem}-{number}{path.suffix}" for number in count(2))
    return next(each for each in chain((name,), numbered) if each.casefold() not in names)


def _same_invoice(mapping: IdmMapping, item: IdmItem) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return what an item of the same invoice would have, as far as the mapping sends it."""
    sent = dict(item.attributes)

    def pair(name: str) -> tuple[str, str] | None:
        attribute = mapping.attribute_of(name)
        value = sent.get(attribute or "", "")
        return (attribute, value) if attribute and value else None

    # An order may be confirmed several times under one number.
    number = pair("invoice_id") or pair("delivery_note_id")
    suppliers = [found for name in SUPPLIER_FIELDS if (found := pair(name)) is not None]
    return tuple((number, supplier) for supplier in suppliers) if number else ()


def _issued(mapping: IdmMapping, item: IdmItem) -> tuple[str, str] | None:
    """Return the attribute that carries the issue date, and its year."""
    attribute = mapping.attribute_of("invoice_date") or mapping.attribute_of("document_date")
    year = dict(item.attributes).get(attribute or "", "")[:4]
    return (attribute, year) if attribute and year.isdigit() else None
