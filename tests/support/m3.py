"""Transactions of the imitated M3, run as its clients run them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import httpx2

from tests.support.infor_side import (
    TENANT,
    InforSide,
)
from tests.support.oauth import add_user

V1 = "/M3/m3api-rest/execute"
V2 = "/M3/m3api-rest/v2/execute"
_numbers = itertools.count(1)


def token_of_user(side: InforSide, tenant_id: str = TENANT) -> str:
    name = f"user{next(_numbers)}"
    user = add_user(side.database, side.clock, name, tenant_id=tenant_id)
    return side.log_in(side.credentials(tenant_id, f"App_{name}", user_id=user.user_id))


def run(client: httpx2.Client, address: str, **fields: str) -> dict[str, Any]:
    """Run one transaction by v2 and return its result."""
    answer = client.get(f"{V2}/{address}", params=fields)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    return dict(result)


def record(client: httpx2.Client, address: str, **fields: str) -> dict[str, str]:
    """Run one transaction that succeeds and return its one record."""
    result = run(client, address, **fields)
    assert "errorMessage" not in result, result
    (found,) = result["records"]
    return dict(found)


def bulk(client: httpx2.Client, program: str, rows: Sequence[Any], **options: Any) -> Any:
    body = {"program": program, "cono": 1, "transactions": rows, **options}
    answer = client.post(V2, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def head_fields(**changes: str) -> dict[str, str]:
    fields = {
        "SUNO": "20001",
        "IVDT": "20260301",
        "SINO": f"R-{next(_numbers)}",
        "CUAM": "119.00",
        "CORI": "0d7c5d4e-1111-4222-8333-944444444444",
    }
    return {**fields, **changes}


def new_invoice(client: httpx2.Client, **changes: str) -> str:
    return record(client, "APS450MI/AddHead", **head_fields(**changes))["INBN"]
