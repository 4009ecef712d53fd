"""The registry of operations: every one names its fact, and the documents are made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.http.endpoints import plain_path
from ionport.sandbox.app import ServiceMakers
from ionport.sandbox.kit.coverage import as_markdown, coverage
from ionport.sandbox.kit.openapi import openapi
from ionport.sandbox.kit.operations import Fact, Known, Operation, Service
from ionport.sandbox.m3.service import BEHAVIOURS
from tests.support.citations import CITATION, missing, statements


@pytest.fixture(scope="module")
def imitated(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Service]:
    clock = MovableClock(datetime(2026, 3, 5, tzinfo=UTC))
    blobs = FolderBlobs(tmp_path_factory.mktemp("blobs"))
    return ServiceMakers(blobs, clock, gateway_url="http://localhost:8080").all()


def facts_of(imitated: Sequence[Service]) -> dict[str, Fact]:
    """Return the fact of every operation and every part, by what it is of."""
    found = {}
    for service in imitated:
        for operation in service.operations:
            found[f"{service.context} {operation.method} {operation.path}"] = operation.fact
        for part in service.parts():
            found[f"{service.context} {part.group}/{part.name}"] = part.fact
    return found


def test_every_operation_names_a_section_of_the_reference(imitated: Sequence[Service]) -> None:
    facts = facts_of(imitated)
    assert [what for what, fact in facts.items() if not CITATION.fullmatch(fact.section)] == []
    assert {name for fact in facts.values() for name in missing(fact.section)} == set()


MARKS = {
    "verified": Known.VERIFIED,
    "clients": Known.FROM_CLIENTS,
    "inferred": Known.INFERRED,
}


def test_each_fact_is_known_as_its_section_of_the_reference_says(
    imitated: Sequence[Service],
) -> None:
    for what, fact in facts_of(imitated).items():
        marks = {MARKS[mark] for _text, mark in statements(fact.section)}
        assert fact.known in marks, f"{what}: {fact.section} has no statement that is {fact.known}"


def test_an_operation_is_known_as_the_statement_about_its_address_says(
    imitated: Sequence[Service],
) -> None:
    named = 0
    for service in imitated:
        for operation in service.operations:
            told = [
                MARKS[mark]
                for text, mark in statements(operation.fact.section)
                if _is_about(text, operation)
            ]
            named += bool(told)
            assert told[:1] in ([], [operation.fact.known]), f"{operation.method} {operation.path}"
    assert named > 15


def _is_about(statement: str, operation: Operation) -> bool:
    """Tell whether a statement names the operation's address, and its method if any."""
    words = [
        word
        for code in re.findall(r"`([^`]+)`", statement)
        for word in code.split()
        if "…" not in word
    ]
    methods = {word for word in words if word in ("GET", "POST", "PUT", "DELETE")}
    path = _nameless(operation.path)
    return (not methods or operation.method in methods) and any(
        path == _nameless(word) or path.endswith(f"/{_nameless(word)}") for word in words
    )


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0].lstrip("/"))


def test_every_transaction_that_does_something_is_told(imitated: Sequence[Service]) -> None:
    (m3,) = (service for service in imitated if service.context == "M3")
    told = {(part.group, part.name) for part in m3.parts()}
    assert told >= {(program, name) for program, names in BEHAVIOURS.items() for name in names}
    assert ("GENERAL", "FpwVersion") in told
    left_out = {part.fact.left_out for part in m3.parts() if part.group == "APS450MI"}
    assert "PrintInvoice" in " ".join(left_out)


def test_the_manual_tells_of_every_service(imitated: Sequence[Service]) -> None:
    text = as_markdown(coverage(imitated))
    for service in imitated:
        assert f"## {service.title}\n" in text
        for operation in service.operations:
            path = plain_path(operation.path)
            assert f"`{operation.method} /{service.context}{path}`" in text
    assert "| Create, Show, List, Process | `ReceivedPurchaseInvoice` | inferred, " in text
    assert all(line.count("|") == 5 for line in text.splitlines() if line.startswith("|"))


def test_a_transaction_has_an_address_with_its_fields(imitated: Sequence[Service]) -> None:
    (m3,) = (service for service in imitated if service.context == "M3")
    document = openapi(m3, "http://localhost:8080/ACME_TST/M3", "1")
    add = document["paths"]["/m3api-rest/v2/execute/APS450MI/AddHead"]["get"]
    fields = {field["name"]: field for field in add["parameters"]}
    assert fields["SUNO"]["required"]
    assert fields["SUNO"]["schema"]["maxLength"] == 10
    assert fields["CUAM"]["schema"] == {"type": "number"}
    assert not fields["CUAM"]["required"]
    programs = document["paths"]["/m3api-rest/execute/{program}/{transaction}"]["get"]
    assert "PPS001MI" in programs["parameters"][0]["schema"]["enum"]


def test_ids_of_operations_are_unlike(imitated: Sequence[Service]) -> None:
    for service in imitated:
        paths = openapi(service, "http://localhost", "1")["paths"]
        ids = [each["operationId"] for methods in paths.values() for each in methods.values()]
        assert len(ids) == len(set(ids))
        assert len(ids) >= len(service.operations)
