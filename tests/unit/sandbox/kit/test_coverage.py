"""The registry of operations: every one names its fact, and the documents are made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.sandbox.app import ServiceMakers
from ionport.sandbox.kit.coverage import as_markdown, coverage
from ionport.sandbox.kit.openapi import openapi, plain_path
from ionport.sandbox.kit.operations import Fact, Service
from ionport.sandbox.m3.service import BEHAVIOURS
from tests.support.reference import FOLDER

FACTS = FOLDER.parent / "facts"
_SECTION = re.compile(r"(?P<file>[a-z-]+\.md) §(?P<number>\d+(\.\d+)*)")


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


def has_section(file: Path, number: str) -> bool:
    """Tell whether a file has a heading of that number, or a numbered line in its section."""
    text = file.read_text(encoding="utf-8")
    if re.search(rf"^#+ {re.escape(number)}[. ]", text, re.MULTILINE):
        return True
    section, _point, line = number.rpartition(".")
    inner = re.search(rf"^#+ {re.escape(section)}[. ].*?(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return inner is not None and bool(re.search(rf"^{line}\. ", inner[0], re.MULTILINE))


def test_every_operation_names_a_section_of_the_facts(imitated: Sequence[Service]) -> None:
    unnamed = [what for what, fact in facts_of(imitated).items() if not names_of(fact)]
    assert not unnamed, "a fact is a file and a section: infor-targets.md §1.4"


def names_of(fact: Fact) -> list[tuple[str, str]]:
    return [(each["file"], each["number"]) for each in _SECTION.finditer(fact.section)]


@pytest.mark.skipif(not FACTS.is_dir(), reason="the facts are not there")
def test_every_section_that_is_named_is_there(imitated: Sequence[Service]) -> None:
    named = {name for fact in facts_of(imitated).values() for name in names_of(fact)}
    assert [f"{file} §{n}" for file, n in sorted(named) if not has_section(FACTS / file, n)] == []


@pytest.mark.skipif(not FACTS.is_dir(), reason="the facts are not there")
def test_a_section_that_is_not_there_is_noticed() -> None:
    assert has_section(FACTS / "infor-targets.md", "4.2")
    assert has_section(FACTS / "infor-targets.md", "8.6")
    assert not has_section(FACTS / "infor-targets.md", "4.9")
    assert not has_section(FACTS / "infor-targets.md", "8.60")


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
