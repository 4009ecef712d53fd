"""Reads a tenant's own metadata: OpenAPI documents, M3's own lists, IDM's data model.

The kind of a file is recognised by its content. Nothing is fetched, and there is a bound to
everything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.sandbox.own.openapi import OwnSuite, is_openapi, read_suite, split_transactions
from ionport.sandbox.own.transactions import OwnField, OwnTransaction, field_type

MAX_BYTES: Final = 20_000_000
MAX_RECORDS: Final = 200_000
_CSV_FIELDS: Final = frozenset({"MINM", "TRNM", "FLNM"})


@dataclass(frozen=True, slots=True)
class Learned:
    """The content of one file.

    Attributes:
        source: the name of the file.
        entities: IDM's document types, as its data model lists them.
    """

    source: str
    suites: Sequence[OwnSuite] = ()
    transactions: Sequence[OwnTransaction] = ()
    entities: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def summary(self) -> str:
        """Return what was understood, for a person."""
        parts = [
            f"{len(suite.operations)} operations of the suite {suite.context}"
            for suite in self.suites
        ]
        if self.transactions:
            programs = sorted({each.program for each in self.transactions})
            shown = ", ".join(programs[:5]) + (" …" if len(programs) > 5 else "")
            parts.append(f"{len(self.transactions)} transactions of M3 ({shown})")
        if self.entities:
            parts.append(f"{len(self.entities)} document types of IDM")
        return ", ".join(parts)


def read_learned(content: bytes, source: str, *, suite: str = "") -> Learned:
    """Read one file; `suite` is the API context where a document does not name it.

    Raises:
        InvalidInput: it is none of the three, or nothing can be read off it.
    """
    if len(content) > MAX_BYTES:
        raise _unknown(source, f"it is larger than {MAX_BYTES:,} bytes")
    data = _data(content)
    if data is not None and is_openapi(data):
        transactions, rest = split_transactions(read_suite(data, source, suite), source)
        return Learned(source, [rest] if rest.operations else [], transactions)
    entities = _entities(data)
    if entities:
        return Learned(source, entities=entities)
    transactions = list(_transactions(_records(data) if data is not None else _rows(content)))
    if not transactions:
        raise _unknown(
            source,
            "it is no OpenAPI document, no answer or table of MRS001MI/LstFields with MINM, TRNM"
            " and FLNM, and no answer of IDM's datamodel/entities",
        )
    return Learned(source, transactions=[_with_source(each, source) for each in transactions])


def _data(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        pass
    if content.lstrip()[:7] in (b"swagger", b"openapi"):
        from ionport.gateway.suites.openapi import read_documentation

        return read_documentation(content)
    return None


def _entities(data: Any) -> list[Mapping[str, Any]]:
    inner = data.get("entities", data) if isinstance(data, dict) else None
    found = inner.get("entity") if isinstance(inner, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict) and "attrs" in each]


def _records(data: Any) -> Iterator[Mapping[str, str]]:
    """The records of answers of M3, v1 and v2; several answers may stand in a list."""
    for answer in data if isinstance(data, list) else [data]:
        if not isinstance(answer, dict):
            continue
        for result in _dicts(answer.get("results")):
            yield from (_texts(record) for record in _dicts(result.get("records")))
        for record in _dicts(answer.get("MIRecord")):
            pairs = _dicts(record.get("NameValue"))
            yield _texts({each.get("Name"): each.get("Value") for each in pairs})


def _rows(content: bytes) -> Iterator[Mapping[str, str]]:
    text = content.decode("utf-8-sig", "replace")
    head = text.partition("\n")[0]
    if (
        not set(head.replace('"', "").replace("\t", ",").replace(";", ",").split(","))
        >= _CSV_FIELDS
    ):
        return
    delimiter = max(",;\t", key=head.count)
    yield from (_texts(row) for row in csv.DictReader(io.StringIO(text), delimiter=delimiter))


def _transactions(records: Iterable[Mapping[str, str]]) -> Iterator[OwnTransaction]:
    found: dict[tuple[str, str], dict[str, list[OwnField]]] = {}
    for number, record in enumerate(records):
        if number >= MAX_RECORDS:
            break
        program, name, field_name = (record.get(key, "") for key in ("MINM", "TRNM", "FLNM"))
        if not (program and name and field_name):
            continue
        directions = found.setdefault((program.upper(), name), {"I": [], "O": []})
        direction = record.get("TRTP", "I").upper()[:1]
        length = record.get("LENG", "")
        directions.setdefault(direction, []).append(
            OwnField(
                field_name.upper(),
                field_type(record.get("TYPE", "")),
                int(length) if length.isascii() and length.isdigit() else 0,
                record.get("MAND", "").upper() in ("1", "Y", "TRUE", "*YES"),
            )
        )
    for (program, name), fields in found.items():
        yield OwnTransaction(program, name, tuple(fields["I"]), tuple(fields["O"]))


def _with_source(transaction: OwnTransaction, source: str) -> OwnTransaction:
    return OwnTransaction(
        transaction.program, transaction.name, transaction.inputs, transaction.outputs, source
    )


def _dicts(value: Any) -> list[Mapping[Any, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(record: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name).strip(): str(value or "").strip() for name, value in record.items()}


def _unknown(source: str, why: str) -> InvalidInput:
    return InvalidInput(f"{source} tells nothing of a tenant: {why}.", code="metadata_unknown")
