"""The method Infor IDM: the document becomes an item of Infor Document Management.

IDM can be asked for an item by the correlation id, so a call whose answer was lost is looked up
before it is made again (facts/infor-targets.md §1.2, §1.5).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from ionport.exports.model import StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.idm import Item, ItemDraft, exact_match
from ionport.mappings.model import IdmItem

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
STEPS = (StepKind.RENDER, StepKind.IDM_LOOK_UP, StepKind.IDM_CREATE)


@dataclass(frozen=True, slots=True)
class IdmPayload:
    """What is created, as stored: the file itself stays where the document keeps it.

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
    # What another item of the same invoice would have: the number with one supplier identity each.
    same_invoice: tuple[tuple[tuple[str, str], ...], ...] = ()
    # The attribute that carries the issue date, and its year: another year is another invoice.
    issued: tuple[str, str] | None = None

    @classmethod
    def of(
        cls,
        item: IdmItem,
        content_sha256: str,
        attribute: str | None,
        correlation_id: str,
        same_invoice: tuple[tuple[tuple[str, str], ...], ...] = (),
        issued: tuple[str, str] | None = None,
    ) -> IdmPayload:
        """Take what a mapping has rendered."""
        return cls(
            entity_name=item.entity_name,
            attributes=item.attributes,
            acl=item.acl,
            filename=item.filename,
            content_sha256=content_sha256,
            look_up_attribute=attribute,
            correlation_id=correlation_id,
            same_invoice=same_invoice,
            issued=issued,
        )

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
        return cls(**data)


@dataclass(frozen=True, slots=True)
class OtherItem:
    """An item of the same invoice that this delivery did not make."""

    pid: str
    correlation_id: str


def look_up(client: IonApiClient, payload: IdmPayload) -> list[Item]:
    """Return the items that carry the correlation id, the oldest first; raises IonApiError.

    More than one is a double that slipped through (decision record 0019, what remains open).
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


def create(client: IonApiClient, payload: IdmPayload, content: bytes) -> Item:
    """Create the item with its file; raises IonApiError."""
    return client.idm.create_item(
        ItemDraft(
            entity_name=payload.entity_name,
            attributes=payload.attributes,
            resources=((payload.filename, content),),
            acl=payload.acl,
        )
    )
