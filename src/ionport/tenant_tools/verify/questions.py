"""The questions to a tenant: the operations of the coverage table that only read.

Each is a GET that changes nothing. What an address needs (a document type, an item, a supplier)
is taken from what the same tenant has answered before; without them the question is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from ionport.core.http.endpoints import parameters_of, plain_path
from ionport.sandbox.kit.operations import Fact, Operation, Part, Service

# Transactions of M3 that only read are called so (docs/reference/m3.md#transactions-and-fields).
_READING: Final = re.compile(r"(Get|Lst|List|Search|Sel)[A-Z0-9]\w*|Get|Lst|List|Select")
# Message ids of M3 end so that say that a record does not exist: inferred from WCU0203, XRE0103.
_NO_RECORD: Final = "03"
_FEW: Final = 2
_FILES: Final = "stream"
# Query parameters that are sent when an operation has them, by name.
_LIMITS: Final = {
    "$offset": "0",
    "$limit": str(_FEW),
    "$top": str(_FEW),
    "records": str(_FEW),
    "page": "1",
}
# Query parameters that name a thing: (parameter, value that it needs, how it is written).
_QUERIES: Final = {"$query": ("entity", "/{}"), "datalakeId": ("datalakeId", "{}")}
# Where an answer has what later questions need, by operation; a list gives its first element.
_FOUND: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "list entities": {"entity": ("entities", "entity", "name")},
    "search items": {"pid": ("items", "item", "pid")},
    "list payloads": {"datalakeId": ("fields", "dl_id")},
    "list data objects": {"datalakeId": ("fields", "dl_id")},
    "list objects": {"object": ("objects", "name")},
}
# Path parameters have other names than the values that they take.
_OBJECT: Final = {"name": "object"}
_FILE: Final = {"name": "file"}
_ODATA: Final = {"service": "odata", "path": "set"}
_PARAMETERS: Final = {
    "get entity": {"name": "entity"},
    "get data object": {"id": "datalakeId"},
    **dict.fromkeys(("get object", "get schema", "get properties"), _OBJECT),
    **dict.fromkeys(("search file", "search and get file", "get file"), _FILE),
    **dict.fromkeys(("odata metadata", "odata read"), _ODATA),
}
# A transaction takes under this name what others tell under that one.
_ALIASES: Final = {"SPYN": "SUNO"}
# Values that are the same for every tenant: programs and tables that each M3 has, a service that
# each LN has, a file that IDM makes of every item, and nobody's logical id.
GIVEN: Final = {
    "ALWT": "2",
    "CRTP": "1",
    "CUTD": "20260101",
    "FILE": "CSYTAB",
    "PK01": "CSCD",
    "QERY": "CTSTKY from CSYTAB where CTSTCO = 'CSCD'",
    "STCO": "CSCD",
    "file": "Preview",
    "odata": "tcapi.comBusinessPartner",
    "set": "BusinessPartners",
    "MINM": "CRS610MI",
    "TRNM": "GetBasicData",
    "SQRY": "*",
    "logical_id": "lid://infor.ionport.verify",
}

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One call that only reads.

    Attributes:
        name: of the operation, or program and transaction.
        address: of the coverage table, without a value.
        is_file: its answer is a file: what is in it is not compared.
    """

    service: str
    name: str
    address: str
    fact: Fact
    path: str
    query: Sequence[tuple[str, str]]
    is_file: bool = False
    found: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def missing(self, values: Values) -> list[str]:
        """Return the names of the values that the question needs and that are not known yet."""
        templates = [self.path, *(text for _name, text in self.query)]
        needed = {name for text in templates for name in re.findall(r"<(\w+)>", text)}
        return sorted(needed - {*values, *GIVEN})

    def filled(self, values: Values) -> tuple[str, str]:
        """Return path and query for a tenant of which these values are known."""

        def put(text: str, safe: str | None) -> str:
            def value(found: re.Match[str]) -> str:
                known = {**GIVEN, **values}[found[1]]
                return known if safe is None else quote(known, safe=safe)

            return re.sub(r"<(\w+)>", value, text)

        pairs = [(name, put(text, None)) for name, text in self.query]
        query = urlencode(pairs, quote_via=quote)
        return put(self.path, ""), query.replace("wsdl=", "wsdl")


def questions(services: Sequence[Service]) -> Sequence[Question]:
    """Return what can be asked without changing anything, in the order of the coverage table."""
    found: list[Question] = []
    for service in services:
        for operation in service.operations:
            # The same operation under a second method or address is asked once for each address.
            if operation.only_reads:
                found += _of_operation(service, operation)
            elif operation.wire.spread == ("program", "transaction"):
                found += _of_parts(service, operation)
    return found


def harvested(question: Question, content: Any) -> dict[str, str]:
    """Return the values of an answer that later questions may need."""
    values = {}
    for name, path in question.found.items():
        value = _at(content, path)
        if isinstance(value, str | int):
            values[name] = str(value)
    for record in _records(content):
        values |= {name: str(value).strip() for name, value in record.items() if str(value).strip()}
    return values | {name: values[told] for name, told in _ALIASES.items() if told in values}


def names_no_record(content: Any) -> bool:
    """Tell whether a transaction of M3 (v2) failed because what it names does not exist."""
    return any(str(each.get("errorCode", "")).endswith(_NO_RECORD) for each in _results(content))


def _of_operation(service: Service, operation: Operation) -> Iterator[Question]:
    path = plain_path(operation.path)
    renamed = _PARAMETERS.get(operation.name, {})
    choices: Sequence[str] = ("",)
    if operation.wire.spread:
        choices = list(dict.fromkeys(part.group for part in service.parts()))
    for choice in choices:
        template = path
        for name in parameters_of(path):
            spread = name in operation.wire.spread
            template = template.replace(
                f"{{{name}}}", choice if spread else f"<{renamed.get(name, name)}>"
            )
        yield Question(
            service=service.context,
            name=f"{operation.name} {choice}".strip(),
            address=f"GET /{service.context}{path}",
            fact=operation.fact,
            path=f"/{service.context}{template}",
            query=_query(operation),
            is_file=_FILES in path,
            found=_FOUND.get(operation.name, {}),
        )


def _query(operation: Operation) -> list[tuple[str, str]]:
    pairs = []
    for name in operation.wire.query:
        if name in _QUERIES:
            value, written = _QUERIES[name]
            pairs.append((name, written.format(f"<{value}>")))
        elif name in _LIMITS:
            pairs.append((name, _LIMITS[name]))
        elif name == "wsdl":
            pairs.append((name, ""))
    return pairs


def _of_parts(service: Service, operation: Operation) -> Iterator[Question]:
    for part in service.parts():
        if only_reads(part):
            path = plain_path(operation.path)
            path = path.replace("{program}", part.group).replace("{transaction}", part.name)
            needs = [(each.name, f"<{each.name}>") for each in part.inputs if each.is_mandatory]
            yield Question(
                service=service.context,
                name=f"{part.group} {part.name}",
                address=f"GET /{service.context}{path}",
                fact=part.fact,
                path=f"/{service.context}{path}",
                query=[*needs, ("maxrecs", str(_FEW))],
            )


def only_reads(part: Part) -> bool:
    """Tell whether a transaction only reads, by its name; in doubt it does not."""
    return name_only_reads(part.name)


def name_only_reads(transaction: str) -> bool:
    """Tell the same by the name of a transaction alone."""
    return _READING.fullmatch(transaction) is not None


def _at(content: Any, path: Sequence[str]) -> Any:
    for name in path:
        if isinstance(content, list):
            content = content[0] if content else None
        content = content.get(name) if isinstance(content, dict) else None
    return content[0] if isinstance(content, list) and content else content


def _records(content: Any) -> Iterator[Mapping[str, Any]]:
    """The records of an answer of M3, v2."""
    for result in _results(content):
        records = result.get("records")
        for record in (records if isinstance(records, list) else [])[:1]:
            if isinstance(record, dict):
                yield record


def _results(content: Any) -> Iterator[Mapping[str, Any]]:
    results = content.get("results") if isinstance(content, dict) else None
    for result in results if isinstance(results, list) else []:
        if isinstance(result, dict):
            yield result
