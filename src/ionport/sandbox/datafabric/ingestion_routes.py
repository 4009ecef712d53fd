"""Ingestion: a client puts a compressed file into the Data Lake, without a message of ION.

Source: docs/reference/data-fabric.md#ingestion.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from ionport.core.errors import InvalidInput, NotFound, TooLarge
from ionport.core.http.texts import is_storable
from ionport.sandbox.datafabric.filters import moment_of
from ionport.sandbox.datafabric.model import (
    MAX_OBJECT_BYTES,
    LakeContent,
    Origin,
    check_logical_id,
)
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.datafabric.wire import json_answer, wrong
from ionport.sandbox.kit.multipart import read_parts
from ionport.sandbox.kit.operations import Answer, Call, Operation, Step, Wire, from_clients
from ionport.sandbox.kit.texts import quoted
from ionport.store import Work

_BASE = "/ingestion/v1"
_LONGEST_TEXT = 250
_FACT = from_clients(
    "docs/reference/data-fabric.md#ingestion",
    left_out="the bound of 200 calls a minute; names of the optional parts are inferred",
)
_WIRE = Wire(
    takes=("multipart/form-data",),
    schema={
        "type": "object",
        "required": ["dl_document_name", "dl_from_logical_id", "file"],
        "properties": {
            "dl_document_name": {"type": "string"},
            "dl_from_logical_id": {"type": "string"},
            "archived": {"type": "string"},
            "dl_batch_id": {"type": "string"},
            "dl_header_accounting_entity": {"type": "string"},
            "dl_source_publication_date": {"type": "string"},
            "file": {"type": "string", "format": "binary"},
        },
    },
)


class IngestionRoutes:
    """The handlers."""

    def __init__(self, service: DataLakeService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation("ingestion ping", "GET", f"{_BASE}/ping", self.ping, _FACT),
            Operation("ingest", "POST", f"{_BASE}/dataobjects", self.ingest, _FACT, wire=_WIRE),
        ]

    def ping(self, call: Call) -> Step:
        """Answers OK; that there is one is inferred from the other services of Data Fabric."""
        return lambda _work: Answer(200, b"OK", "text/plain;charset=utf-8")

    def ingest(self, call: Call) -> Step:
        """Takes a file of an object of the catalog; any 2xx is success to the client."""
        kept = self._kept(call)

        def step(work: Work) -> Answer:
            item = self._service.store(work.within(call.scope), kept)
            content = {"dl_id": item.id, "dl_document_name": item.document_name}
            return json_answer(202, content, effects=(item.id,))

        return step

    def _kept(self, call: Call) -> LakeContent:
        parts = read_parts(call.body, call.headers.get("content-type", ""))
        name, sender = _text(parts, "dl_document_name"), _text(parts, "dl_from_logical_id")
        check_logical_id(sender)
        content = _inflated(parts.get("file"))
        _check_number(parts, "decompressed_size", len(content))
        origin = _origin(parts)
        try:
            kept = self._service.keep(
                call.database,
                call.scope,
                name,
                content,
                sender=sender,
                is_archived=_optional(parts, "archived").lower() == "true",
                origin=origin,
            )
        except NotFound as error:
            raise InvalidInput(error.text, code=error.code) from error
        _check_number(parts, "dl_instance_count", kept.instances)
        return kept


def _text(parts: Mapping[str, bytes], name: str) -> str:
    text = _optional(parts, name)
    if not text:
        raise wrong(f"The part {name} is missing.")
    return text


def _origin(parts: Mapping[str, bytes]) -> Origin:
    """Return what the sender says of the file; raises InvalidInput."""
    texts = [_optional(parts, name) for name in ("dl_batch_id", "dl_header_accounting_entity")]
    if max(map(len, texts)) > _LONGEST_TEXT or not all(map(is_storable, texts)):
        raise wrong(
            f"dl_batch_id and dl_header_accounting_entity have at most {_LONGEST_TEXT} letters."
        )
    published = _optional(parts, "dl_source_publication_date")
    try:
        moment = moment_of(published) if published else None
    except ValueError as error:
        text = (
            f"dl_source_publication_date is {quoted(published)}, not like 2026-07-01T10:00:00.000Z."
        )
        raise wrong(text) from error
    return Origin(texts[0] or None, texts[1] or None, moment)


def _optional(parts: Mapping[str, bytes], name: str) -> str:
    return parts.get(name, b"").decode("utf-8", "replace").strip()


def _check_number(parts: Mapping[str, bytes], name: str, found: int) -> None:
    """Refuse a number that a client gives of its file when the file has another."""
    text = _optional(parts, name)
    if text and text != str(found):
        raise wrong(f"{name} is {quoted(text)}, but the file has {found}.")


def _inflated(content: bytes | None) -> bytes:
    """Return what a zlib stream holds.

    Raises:
        InvalidInput: there is no file, or it is no whole zlib stream.
        TooLarge: it holds more than the sandbox keeps of a data object.
    """
    if not content:
        raise wrong("The part file is missing.")
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(content, MAX_OBJECT_BYTES + 1)
    except zlib.error as error:
        raise wrong("The part file is not compressed with zlib (deflate).") from error
    if len(inflated) > MAX_OBJECT_BYTES:
        raise TooLarge(f"A data object has at most {MAX_OBJECT_BYTES} bytes.")
    if not inflater.eof:
        raise wrong("The part file ends before its zlib stream does.")
    return inflated
