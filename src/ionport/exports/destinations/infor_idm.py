"""The method Infor IDM: the document becomes an item of Infor Document Management.

IDM can be asked for an item by the correlation id, so a call whose answer was lost is looked up
before it is made again (facts/infor-targets.md §1.2, §1.5).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ionport.exports.model import StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.idm import Item, ItemDraft, exact_match
from ionport.mappings.model import IdmItem

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

    @classmethod
    def of(
        cls, item: IdmItem, content_sha256: str, attribute: str | None, correlation_id: str
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
        )

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> IdmPayload:
        """Read what `to_bytes` wrote."""
        data = json.loads(content)
        data["attributes"] = tuple((name, value) for name, value in data["attributes"])
        return cls(**data)


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
