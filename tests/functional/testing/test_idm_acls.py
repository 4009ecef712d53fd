"""IDM of a tenant that enforces access control lists: private items are their creators'."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2
import pytest

from ionport.ionapi import IonApiClient, IonApiFile
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor

ITEMS = "/IDM/api/items"


@pytest.fixture(scope="module")
def infor() -> Iterator[Infor]:
    with running_infor(enforces_acls=True) as infor:
        yield infor


def signed_on(infor: Infor, *, with_user: bool) -> httpx2.Client:
    """Return a client of an app of its own; without a user it creates as itself."""
    file = IonApiFile.parse(json.dumps(infor.credentials(with_user=with_user)).encode())
    with IonApiClient(file) as client:
        token = client.token().access_token.reveal()
    return httpx2.Client(base_url=file.api_url, headers={"Authorization": f"Bearer {token}"})


def item(acl: str, number: str) -> dict[str, object]:
    attribute = {"name": "BOD_SupplierInvoiceID", "value": number}
    content = {"entityName": "M3_SupplierInvoice", "attrs": {"attr": [attribute]}}
    return {"item": {**content, "acl": {"name": acl}}}


def found(client: httpx2.Client, number: str) -> int:
    query = f'/M3_SupplierInvoice[@BOD_SupplierInvoiceID = "{number}"]'
    counted = client.get(f"{ITEMS}/count", params={"$query": query}).json()["count"]
    items = client.get(f"{ITEMS}/search", params={"$query": query}).json()["items"]["item"]
    assert len(items) == counted
    return int(counted)


def test_a_private_item_is_its_creators_alone(infor: Infor) -> None:
    with signed_on(infor, with_user=True) as owner, signed_on(infor, with_user=False) as other:
        made = owner.post(ITEMS, json=item("Private", "P-1")).json()["item"]["pid"]
        address = f"{ITEMS}/{made}"
        assert (found(owner, "P-1"), found(other, "P-1")) == (1, 0)
        assert owner.get(address).status_code == 200
        for refused in (
            other.get(address),
            other.get(f"{address}/versions"),
            other.get(f"{address}/resource/stream"),
            other.put(address, json=item("Public", "P-1"), params={"$merge": "true"}),
            other.put(f"{address}/undocheckout"),
            other.delete(address),
        ):
            assert refused.status_code == 403, refused.text
            assert refused.json()["error"]["code"] == "acl_forbids"
        opened = owner.put(address, json={"item": {"acl": {"name": "Public"}}}).json()["item"]
        assert opened["acl"]["name"] == "Public"
        assert found(other, "P-1") == 1
        assert other.delete(f"{ITEMS}/{opened['pid']}").status_code == 204


def test_the_versions_of_an_item_follow_its_list(infor: Infor) -> None:
    """Those from before it became private are its creator's; those from then are everybody's."""
    with signed_on(infor, with_user=True) as owner, signed_on(infor, with_user=False) as other:
        pid = owner.post(ITEMS, json=item("Public", "P-3")).json()["item"]["pid"]
        for acl, version, seen in (("Private", "0", 403), ("Public", "1", 200)):
            change = {"item": {"acl": {"name": acl}}}
            flags = {"$checkout": "true", "$checkin": "true", "$merge": "true"}
            pid = owner.put(f"{ITEMS}/{pid}", json=change, params=flags).json()["item"]["pid"]
            earlier = pid.rsplit("-", 2)[0] + f"-{version}"
            assert owner.get(f"{ITEMS}/{earlier}").status_code == 200
            for address in (earlier, f"{earlier}/versions"):
                assert other.get(f"{ITEMS}/{address}").status_code == seen


def test_a_public_item_is_everybodys(infor: Infor) -> None:
    with signed_on(infor, with_user=True) as owner, signed_on(infor, with_user=False) as other:
        owner.post(ITEMS, json=item("Public", "P-2"))
        assert found(other, "P-2") == 1
