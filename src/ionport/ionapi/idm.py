"""Infor Document Management (docs/reference/idm.md#addresses-and-formats)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .answers.faults import service_error
from .calls import MIB, Answer, Body, Call, Flow
from .driver import AsyncService, Service, SyncService, operation
from .errors import RequestRefused
from .finding import APPS_MENU
from .idm_query import ItemQuery, exact_match, name_in_idm
from .transport.bodies import FileInBase64, Joined
from .wording import worded

DOWNLOAD_LIMIT = 64 * MIB
STREAM_LIMIT = 4096 * MIB
DATA_MODEL_LIMIT = 32 * MIB
MAX_PAGE = 1000

_JSON = {"Accept": "application/json", "Content-Type": "application/json;charset=utf-8"}

BASE = "IDM/api"
_PAGE = worded("IDM answered with an HTML page instead of the file.")

REMEDIES = {
    400: worded(
        "Compare document type and attributes with those in Infor Document Management > "
        "Administration > Document Types; capital letters matter."
    ),
    403: worded(
        "Give the user of the service account the role IDM-AdvancedUser (with Infor-SuiteUser and "
        "MingleEnterprise). If scopes are enforced, add Infor-IDM to the app ({menu}) and to "
        "the service account, and sign on again.",
        menu=APPS_MENU,
    ),
    404: worded(
        "If nothing of IDM is found, the tenant has no Infor Document Management: look it up in "
        "Infor OS Portal > OS > API Gateway > Available APIs."
    ),
    409: worded("Somebody has checked the item out; check it in first."),
}


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """An item to be created. Attributes are name and value; resources file name and content.

    A content may be the path of a file, which is read while it is sent and never in memory whole.

    The first resource is the item's file. IDM tells an item's resources apart by a name, which that
    file has none of; the others are sent as File2, File3, … (inferred from what IDM answers).
    """

    entity_name: str
    attributes: tuple[tuple[str, str], ...] = ()
    resources: tuple[tuple[str, bytes | Path], ...] = field(default=(), repr=False)
    acl: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A file of an item. `name` is "" for the main file, else Preview, Thumbnail, …"""

    name: str
    filename: str
    mime_type: str
    size: int | None
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item as IDM holds it; `pid` is `<Entity>-<id>-<version>-LATEST`."""

    pid: str
    id: str
    version: str
    entity_name: str
    attributes: tuple[tuple[str, str], ...]
    resources: tuple[Resource, ...]
    acl: str
    created: str
    changed: str

    def attribute(self, name: str) -> str | None:
        """The first value of an attribute, None when the item has none of that name."""
        return next((value for key, value in self.attributes if key == name), None)


@dataclass(frozen=True, slots=True)
class Entity:
    """A document type of the data model. Attributes are name and description.

    `required` are the names of those that an item must have and that have no default.
    """

    name: str
    description: str
    attributes: tuple[tuple[str, str], ...]
    required: frozenset[str] = frozenset()


class IdmOperations(Service):
    """The operations of IDM, for threads (`Idm`) and asyncio (`AsyncIdm`).

    All raise ServiceError for IDM's refusals, and the errors of connection, token and answer.
    """

    @operation
    def create_item(self, draft: ItemDraft) -> Flow[Item]:
        """Create an item with its files (docs/reference/idm.md#create).

        Not repeatable: a second call makes a second item.
        """
        answer = yield from self._ask(
            Call(
                "POST",
                self._url("items"),
                _JSON,
                _item_body(draft),
                shown=item_json(draft, [_summary(data) for _, data in draft.resources]),
            )
        )
        return _item(answer, answer.json_object().get("item"))

    @operation
    def get_item(self, pid: str) -> Flow[Item]:
        """Read an item (docs/reference/idm.md#update-and-delete)."""
        answer = yield from self._ask(Call("GET", self._item_url(pid), _JSON))
        return _item(answer, answer.json_object().get("item"))

    @operation
    def update_item(
        self, pid: str, attributes: tuple[tuple[str, str], ...] = (), *, acl: str | None = None
    ) -> Flow[Item]:
        """Change attributes and ACL of an item; what is not named stays.

        Source: docs/reference/idm.md#update-and-delete. It is checked out and in again.
        """
        item: dict[str, object] = {
            "attrs": {"attr": [{"name": name, "value": value} for name, value in attributes]}
        }
        if acl is not None:
            item["acl"] = {"name": acl}
        url = f"{self._item_url(pid)}?$checkout=true&$checkin=true&$merge=true"
        body = json.dumps({"item": item}, ensure_ascii=False).encode()
        answer = yield from self._ask(Call("PUT", url, _JSON, body))
        return _item(answer, answer.json_object().get("item"))

    @operation
    def delete_item(self, pid: str) -> Flow[None]:
        """Delete an item (docs/reference/idm.md#update-and-delete)."""
        yield from self._ask(Call("DELETE", self._item_url(pid), {"Accept": "*/*"}))

    @operation
    def search(
        self, query: str | ItemQuery, *, offset: int = 0, limit: int = 100
    ) -> Flow[list[Item]]:
        """Items that match an `ItemQuery`, or an XQuery expression of one's own.

        `limit` is at most 1,000; IDM may put whole files into the hits.
        """
        return (yield from self._search(str(query), offset, limit))

    @operation
    def find_one(self, entity: str, attribute: str, value: str) -> Flow[Item | None]:
        """The item whose attribute has exactly this value, the oldest of several, or None."""
        items = yield from self._search(exact_match(entity, {attribute: value}), 0, 10)
        # IDM compares without regard to case where the database does.
        same = [item for item in items if item.attribute(attribute) in (value, None)]
        return min(same, key=lambda item: (len(item.id), item.id), default=None)

    @operation
    def download(self, pid_or_url: str, *, limit: int = DOWNLOAD_LIMIT) -> Flow[bytes]:
        """The main file of an item by pid, or a resource by its address at the gateway.

        `limit` is in bytes. Raises AddressRefused for an address that is not at the gateway, as
        the access token is not sent elsewhere.
        """
        answer = yield from self._ask(self._file_call(pid_or_url, limit))
        if answer.is_html:
            raise answer.refused("html", _PAGE)
        return answer.content

    @operation
    def download_to(
        self,
        pid_or_url: str,
        sink: Callable[[bytes], object],
        *,
        limit: int = STREAM_LIMIT,
    ) -> Flow[None]:
        """Give `sink` the file piece by piece, such as `file.write`; as `download` otherwise.

        What it was given before an error is not the file. It is called where the call is made, by
        asyncio in the event loop.
        """
        call = replace(self._file_call(pid_or_url, limit), sink=sink)
        answer = yield from self._ask(call)
        if answer.is_html:
            raise answer.refused("html", _PAGE)

    @operation
    def list_entities(self) -> Flow[list[Entity]]:
        """The document types of the tenant with their attributes.

        Source: docs/reference/idm.md#data-model.
        """
        url = self._url("datamodel/entities")
        answer = yield from self._ask(Call("GET", url, _JSON, limit=DATA_MODEL_LIMIT))
        entities = _below(answer, answer.json_object(), "entities", "entity")
        return [
            Entity(
                _text(entity.get("name")),
                _text(entity.get("desc")),
                tuple(
                    (_text(attribute.get("name")), _text(attribute.get("desc")))
                    for attribute in _below(answer, entity, "attrs", "attr")
                ),
                frozenset(
                    _text(attribute.get("name"))
                    for attribute in _below(answer, entity, "attrs", "attr")
                    if attribute.get("required") in (True, "true") and not attribute.get("default")
                ),
            )
            for entity in entities
        ]

    def _search(self, query: str, offset: int, limit: int) -> Flow[list[Item]]:
        if not 1 <= limit <= MAX_PAGE or offset < 0:
            raise RequestRefused(f"A search gives between 1 and {MAX_PAGE} items a page.")
        parameters = {"$query": query, "$offset": offset, "$limit": limit}
        url = f"{self._url('items/search')}?{urlencode(parameters, safe='$', quote_via=quote)}"
        answer = yield from self._ask(Call("GET", url, _JSON, limit=DATA_MODEL_LIMIT))
        hits = _below(answer, answer.json_object(), "items", "item")
        return [_item(answer, hit) for hit in hits]

    def _ask(self, call: Call) -> Flow[Answer]:
        answer: Answer = yield call
        if not answer.ok:
            raise service_error(answer, "IDM", REMEDIES)
        return answer

    def _file_call(self, pid_or_url: str, limit: int) -> Call:
        if pid_or_url.lower().startswith(("https://", "http://")):
            url = pid_or_url
        else:
            url = f"{self._item_url(pid_or_url)}/resource/stream"
        return Call("GET", url, {"Accept": "*/*"}, limit=limit)

    def _url(self, path: str) -> str:
        return f"{self._file.api_url}/{BASE}/{path}"

    def _item_url(self, pid: str) -> str:
        if not pid or pid in {".", ".."}:
            raise RequestRefused("An item is named by its pid.")
        return self._url(f"items/{quote(pid, safe='')}")


class Idm(SyncService, IdmOperations):
    """IDM for threads."""


class AsyncIdm(AsyncService, IdmOperations):
    """IDM for asyncio."""


def item_json(draft: ItemDraft, contents: Iterable[str]) -> bytes:
    """Return the body that creates an item; `contents` stand for its files, in their order."""
    item: dict[str, Any] = {
        "entityName": name_in_idm(draft.entity_name),
        "attrs": {"attr": [{"name": name, "value": value} for name, value in draft.attributes]},
        "resrs": {
            "res": [
                {**({"name": f"File{n}"} if n > 1 else {}), "filename": filename, "base64": content}
                for n, ((filename, _), content) in enumerate(
                    zip(draft.resources, contents, strict=True), start=1
                )
            ]
        },
    }
    if draft.acl:
        item["acl"] = {"name": draft.acl}
    return json.dumps({"item": item}, ensure_ascii=False, separators=(",", ":")).encode()


def _item_body(draft: ItemDraft) -> bytes | Body:
    contents = [content for _, content in draft.resources]
    if not any(isinstance(content, Path) for content in contents):
        whole = [content for content in contents if isinstance(content, bytes)]
        return item_json(draft, [base64.b64encode(content).decode() for content in whole])
    # The placeholder of a content cannot be in the JSON anywhere else.
    marks = [secrets.token_hex(16) for _ in contents]
    rest = item_json(draft, marks)
    parts: list[bytes | Body] = []
    for mark, content in zip(marks, contents, strict=True):
        before, _, rest = rest.partition(mark.encode())
        encoded = base64.b64encode(content) if isinstance(content, bytes) else FileInBase64(content)
        parts += [before, encoded]
    return Joined([*parts, rest])


def _summary(content: bytes | Path) -> str:
    if isinstance(content, Path):
        return FileInBase64(content).summary()
    return f"[{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}]"


def _item(answer: Answer, data: Any) -> Item:
    if not isinstance(data, dict) or not _text(data.get("pid")):
        raise answer.refused("bad_shape", worded("IDM's answer contains no item."))
    acl = data.get("acl")
    return Item(
        pid=_text(data["pid"]),
        id=_text(data.get("id")),
        version=_text(data.get("version")),
        entity_name=_text(data.get("entityName")),
        attributes=tuple(
            (_text(attribute.get("name")), _text(attribute.get("value")))
            for attribute in _below(answer, data, "attrs", "attr")
        ),
        resources=tuple(_resource(res) for res in _below(answer, data, "resrs", "res")),
        acl=_text(acl.get("name")) if isinstance(acl, dict) else "",
        created=_text(data.get("createdTS")),
        changed=_text(data.get("lastChangedTS")),
    )


def _resource(data: Mapping[str, Any]) -> Resource:
    size = _text(data.get("size"))
    return Resource(
        name=_text(data.get("name")),
        filename=_text(data.get("filename")),
        mime_type=_text(data.get("mimetype")),
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None,
        url=_text(data.get("url")),
    )


def _below(
    answer: Answer, data: Mapping[str, Any], outer: str, inner: str
) -> list[Mapping[str, Any]]:
    """The objects of a list such as `attrs.attr`. A single one may stand without a list."""
    holder = data.get(outer)
    if holder in (None, "", []):
        return []
    found = holder.get(inner) if isinstance(holder, dict) else None
    if found in (None, ""):
        return []
    entries = found if isinstance(found, list) else [found]
    if not all(isinstance(entry, dict) for entry in entries):
        text = worded("{service}'s answer does not have the expected form.", service="IDM")
        raise answer.refused("bad_shape", text)
    return entries


def _text(value: Any) -> str:
    """IDM's own clients take every value as text (docs/reference/idm.md#items)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
