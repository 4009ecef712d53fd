"""No input of M3 gives a 5xx."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionport.sandbox.m3.catalogue import program_named
from ionport.sandbox.m3.service import BEHAVIOURS
from tests.support.examples import example_count
from tests.support.infor_side import (
    InforSide,
)
from tests.support.m3 import V1, V2, token_of_user


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return token_of_user(side)


FUZZ = settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


TRANSACTIONS = st.sampled_from(
    [(program, name) for program, names in BEHAVIOURS.items() for name in names]
)


VALUES = st.sampled_from(["", "0", "1", "10", "-1", "1.5", "20260301", "20001", "4500001"]) | (
    st.sampled_from(["BOLT-M8", "ADVICE-1", "PALLET-1", "*EXE", "250", "[", "*", "99999999999999"])
    | st.text(max_size=12)
)


def _assert_no_failure(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    body = answer.json()
    if answer.status_code >= 400:
        assert body.get("errorMessage") or body.get("Message") or body.get("message")


def _fields(program: str, name: str, data: st.DataObject) -> Mapping[str, str]:
    known = program_named(program)
    assert known is not None
    transaction = known.transaction(name)
    assert transaction is not None
    mandatory = [field.name for field in transaction.inputs.values() if field.is_mandatory]
    others = st.lists(st.sampled_from(sorted(transaction.inputs) or ["X"]), max_size=6)
    return {field: data.draw(VALUES) for field in (*mandatory, *data.draw(others))}


@pytest.mark.on_each_database
@FUZZ
@given(transaction=TRANSACTIONS, data=st.data())
def test_any_input_of_any_transaction_is_answered(
    client: httpx2.Client, transaction: tuple[str, str], data: st.DataObject
) -> None:
    program, name = transaction
    fields = _fields(program, name, data)
    version = data.draw(st.sampled_from([V1, V2]))
    _assert_no_failure(client.get(f"{version}/{program}/{name}", params=fields))
    rows = [{"transaction": name, "record": fields}] * 2
    _assert_no_failure(client.post(V2, json={"program": program, "transactions": rows}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


BODY = st.fixed_dictionaries(
    {},
    optional={
        "program": st.sampled_from(["APS450MI", "MMS200MI"]) | JSON,
        "cono": st.integers() | JSON,
        "divi": JSON,
        "maxReturnedRecords": st.integers() | JSON,
        "transactions": st.lists(
            st.fixed_dictionaries(
                {}, optional={"transaction": JSON, "record": JSON, "selectedColumns": JSON}
            ),
            max_size=3,
        )
        | JSON,
    },
)


@FUZZ
@given(body=BODY)
def test_any_bulk_body_is_answered_or_refused(client: httpx2.Client, body: Any) -> None:
    content = json.dumps(body).encode("utf-8", "replace")
    _assert_no_failure(client.post(V2, content=content))


@FUZZ
@given(
    path=st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    query=st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=4),
)
def test_any_address_and_parameters_are_answered(
    client: httpx2.Client, path: str, query: dict[str, str]
) -> None:
    for address in (f"{V1}/{quote(path)}", f"{V2}/APS450MI/GetHead;{quote(path)}"):
        _assert_no_failure(client.get(address, params=query))
