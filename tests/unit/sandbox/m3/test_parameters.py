from __future__ import annotations

import json
from typing import Any, cast

import pytest
from starlette.datastructures import Headers, QueryParams

from ionport.core.errors import InvalidInput
from ionport.gateway.caller import Caller
from ionport.sandbox.kit.operations import Call
from ionport.sandbox.m3.fields import DateFormat
from ionport.sandbox.m3.parameters import (
    MAX_RECORDS,
    MAX_TRANSACTIONS,
    Batch,
    Options,
    read_bulk,
    read_single,
)
from ionport.store import Database


def single(transaction: str, query: str = "") -> Batch:
    return read_single(_call(query, transaction, b""))


def bulk(body: Any, query: str = "") -> Batch:
    return read_bulk(_call(query, "", json.dumps(body).encode()))


def _call(query: str, transaction: str, body: bytes) -> Call:
    return Call(
        caller=Caller("ACME_TST", "ACME_TST~x", None, None, "req_1"),
        operation="execute v2",
        method="GET",
        path="",
        headers=Headers({}),
        query=QueryParams(query),
        path_params={"program": "APS450MI", "transaction": transaction},
        body=body,
        # What reads parameters asks no database.
        database=cast("Database", None),
    )


def test_matrix_parameters_of_m3_odin_are_read() -> None:
    batch = single(
        "AddHead;metadata=false;maxrecs=20;excludempty=true;cono=409;divi=BBB;returncols=A,B",
        "SUNO=1&CONO=7&_rid=x1",
    )
    assert batch.program == "APS450MI"
    assert batch.options == Options(
        company=409,
        division="BBB",
        max_records=20,
        exclude_empty=True,
        metadata=False,
        columns=("A", "B"),
    )
    (request,) = batch.requests
    assert request.transaction == "AddHead"
    assert request.record == {"SUNO": "1", "CONO": "7"}
    assert request.columns == ("A", "B")


def test_query_parameters_of_the_swagger_are_read() -> None:
    batch = single(
        "AddHead",
        "cono=1&divi=&lanc=GB&locale=en&timeZone=UTC&maxrecs=0&dateformat=YMD8-&excludeempty=TRUE"
        "&righttrim=false&format=PRETTY&extendedresult=true&SUNO=1",
    )
    assert batch.options == Options(
        company=1,
        max_records=MAX_RECORDS,
        date_format=DateFormat.YMD8_DASHED,
        exclude_empty=True,
        right_trim=False,
        is_pretty=True,
        extended=True,
    )
    assert batch.requests[0].record == {"SUNO": "1"}


def test_every_key_of_a_bulk_call_is_read() -> None:
    batch = bulk(
        {
            "program": "APS450MI",
            "cono": 781,
            "divi": "AAA",
            "excludeEmptyValues": True,
            "rightTrim": False,
            "maxReturnedRecords": 5,
            "transactions": [
                {"transaction": "AddLine", "record": {"INBN": 1001, "RDTP": "1", "PUNO": None}},
                {"transaction": "GetHead", "record": {}, "selectedColumns": ["CORI"]},
            ],
        },
        "dateformat=YMD6",
    )
    assert batch.options == Options(
        company=781,
        exclude_empty=True,
        right_trim=False,
        max_records=5,
        date_format=DateFormat.YMD6,
    )
    first, second = batch.requests
    assert first.record == {"INBN": "1001", "RDTP": "1", "PUNO": ""}
    assert second.columns == ("CORI",)


@pytest.mark.parametrize(
    "query",
    [
        *("cono=0", "cono=1000", "cono=781_DDD", "cono=%00", "divi=AAAA", "maxrecs=-1"),
        *("dateformat=YMD", "excludeempty=1", "format=XML"),
    ],
)
def test_a_wrong_parameter_is_refused(query: str) -> None:
    with pytest.raises(InvalidInput):
        single("GetHead", query)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"program": "APS450MI", "transactions": []},
        {"program": "APS450MI", "transactions": "AddHead"},
        {"program": "APS450MI", "transactions": ["AddHead"]},
        {"program": ["APS450MI"], "transactions": [{"transaction": "AddHead"}]},
        {"program": "APS450MI", "transactions": [{"transaction": "AddHead", "record": [1]}]},
        {"program": "APS450MI", "transactions": [{"transaction": "AddHead", "record": {"A": {}}}]},
        {"program": "APS450MI", "transactions": [{"transaction": "A", "selectedColumns": "B"}]},
        {"program": "APS450MI", "transactions": [{}] * (MAX_TRANSACTIONS + 1)},
    ],
)
def test_a_malformed_bulk_call_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInput):
        bulk(body)
