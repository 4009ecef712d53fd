"""Who may send what into ION: connection points, strict and by themselves.

Source: docs/reference/ion-messaging.md#endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx2
import pytest

from ionport.identity.access import Access
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    InforSide,
)
from tests.support.ion import BASE, add_point, parameters, publish


@pytest.fixture(scope="module")
def credentials(side: InforSide) -> dict[str, str]:
    return side.credentials()


@pytest.fixture(scope="module")
def client(side: InforSide, credentials: dict[str, str]) -> Iterator[httpx2.Client]:
    with side.client(side.log_in(credentials)) as client:
        yield client


def send(client: httpx2.Client, logical_id: str, version: str = "v2") -> httpx2.Response:
    return publish(client, parameters(fromLogicalId=logical_id), version=version)


@contextmanager
def strict(side: InforSide) -> Iterator[None]:
    points = side.services.ion.points
    with side.database.write() as work:
        points.set_strict(Access(work, SCOPE, OPERATOR), is_strict=True)
    yield
    with side.database.write() as work:
        points.set_strict(Access(work, SCOPE, OPERATOR), is_strict=False)


def points_of(side: InforSide) -> dict[str, tuple[str, ...]]:
    with side.database.read() as work:
        page = side.services.ion.points.list_points(Access(work, SCOPE, OPERATOR))
        return {point.logical_id: point.documents for point in page.items if point.is_automatic}


@pytest.mark.on_each_database
def test_the_first_message_opens_a_connection_point_by_itself(
    side: InforSide, client: httpx2.Client
) -> None:
    for name in ("Sync.CaptureDocument", "Process.SupplierInvoice", "Sync.CaptureDocument"):
        values = parameters(documentName=name, fromLogicalId="lid://infor.ims.first_use")
        assert publish(client, values, b"<A/>").status_code == 201
    assert points_of(side)["lid://infor.ims.first_use"] == (
        "Process.SupplierInvoice",
        "Sync.CaptureDocument",
    )


@pytest.mark.on_each_database
def test_a_strict_tenant_refuses_who_has_no_connection_point(
    side: InforSide, credentials: dict[str, str], client: httpx2.Client
) -> None:
    assert send(client, "lid://infor.ims.opened").status_code == 201
    add_point(side, credentials["ci"], "made")
    with strict(side):
        for logical_id in ("lid://infor.ims.opened", "lid://infor.ims.unknown"):
            answer = send(client, logical_id)
            assert answer.status_code == 412
            assert logical_id in answer.json()["message"]
            assert send(client, logical_id, "v3").status_code == 412
        assert send(client, "lid://infor.ims.made").status_code == 201
    assert "lid://infor.ims.unknown" not in points_of(side)


def test_a_refused_message_is_not_kept(side: InforSide, client: httpx2.Client) -> None:
    with strict(side):
        values = parameters(fromLogicalId="lid://infor.ims.refused")
        assert publish(client, values).status_code == 412
    # Sent again it counts as the first.
    assert publish(client, values).status_code == 201


@pytest.mark.on_each_database
def test_a_connection_point_sends_its_documents_alone(
    side: InforSide, credentials: dict[str, str], client: httpx2.Client
) -> None:
    add_point(side, credentials["ci"], "narrow", "Sync.PurchaseOrder")
    for version, member in (("v2", "message"), ("v3", "errors")):
        answer = send(client, "lid://infor.ims.narrow", version)
        assert answer.status_code == 412
        assert "Sync.CaptureDocument" in str(answer.json()[member])


def test_an_inactive_connection_point_sends_nothing(
    side: InforSide, credentials: dict[str, str], client: httpx2.Client
) -> None:
    add_point(side, credentials["ci"], "asleep", active=False)
    answer = send(client, "lid://infor.ims.asleep")
    assert (answer.status_code, "inactive" in answer.json()["message"]) == (412, True)


def test_the_logical_id_of_another_app_is_403(side: InforSide, client: httpx2.Client) -> None:
    other = side.credentials(name="Other_TST")
    add_point(side, other["ci"], "others")
    for version in ("v2", "v3"):
        assert send(client, "lid://infor.ims.others", version).status_code == 403
    with side.client(side.log_in(other)) as owner:
        assert send(owner, "lid://infor.ims.others").status_code == 201


@pytest.mark.parametrize(
    "sent", ["lid://infor.ims.lists", "infor.ims.lists", "lid:/infor.ims.lists"]
)
def test_the_accepted_documents_are_listed(
    side: InforSide, credentials: dict[str, str], client: httpx2.Client, sent: str
) -> None:
    points = side.services.ion.points
    with side.database.read() as work:
        known = points.list_points(Access(work, SCOPE, OPERATOR)).items
    if not any(point.name == "lists" for point in known):
        add_point(side, credentials["ci"], "lists", "Sync.CaptureDocument", "Load.ReceiveDelivery")
    for address in (sent, quote(sent, safe="")):
        answer = client.get(f"{BASE}/v3/{address}/acceptedDocuments")
        assert answer.status_code == 200, answer.text
        assert answer.json() == ["Load.ReceiveDelivery", "Sync.CaptureDocument"]


def test_accepted_documents_of_no_active_point_are_412(
    side: InforSide, credentials: dict[str, str], client: httpx2.Client
) -> None:
    add_point(side, credentials["ci"], "dormant", active=False)
    for logical_id in ("lid://infor.ims.dormant", "lid://infor.ims.nobody"):
        answer = client.get(f"{BASE}/v3/{logical_id}/acceptedDocuments")
        assert answer.status_code == 412
        assert answer.json()["errors"]


def test_without_a_valid_token_a_message_is_401(side: InforSide) -> None:
    with side.client("no token") as nobody:
        assert send(nobody, "lid://infor.ims.docbits").status_code == 401


@pytest.mark.on_each_database
def test_another_tenant_has_connection_points_of_its_own(
    side: InforSide, credentials: dict[str, str]
) -> None:
    add_point(side, credentials["ci"], "ours", "Sync.PurchaseOrder")
    token = side.log_in(side.credentials(OTHER_TENANT))
    with side.client(token, OTHER_TENANT) as client:
        assert send(client, "lid://infor.ims.ours").status_code == 201
