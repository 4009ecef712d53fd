"""IDM through the gateway: document types of one's own, seeded, snapshotted, reset."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from ionport.core.ids import new_uuid
from ionport.identity.access import Access
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import AttributeDefinition
from tests.support.idm import attrs, changed, error_of, file, get, values
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    InforSide,
)

pytestmark = pytest.mark.on_each_database


def test_a_document_type_of_ones_own_keeps_its_items_to_its_rules(
    side: InforSide, client: httpx2.Client
) -> None:
    name = f"Order_{new_uuid()[:8]}"
    types = side.services.document_types
    with side.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_type(access, name, "Orders", needs_acl=True)
        for definition in (
            AttributeDefinition("Number", "", is_required=True, is_unique=True),
            AttributeDefinition("Amount", "", AttributeType.DECIMAL),
            AttributeDefinition("State", "", values=("new", "paid"), default="new"),
            AttributeDefinition("Secret", "", is_searchable=False, max_length=3),
        ):
            types.add_attribute(access, name, definition)
    entity = client.get(f"/IDM/api/datamodel/entities/{name}").json()["entity"]
    told = {each["name"]: each for each in entity["attrs"]["attr"]}
    assert (told["Number"]["required"], told["Number"]["unique"]) == ("true", "true")
    assert (told["Amount"]["type"], told["Secret"]["size"]) == ("6", "3")
    assert [each["name"] for each in told["State"]["valueset"]["value"]] == ["new", "paid"]

    def post(acl: str = "Public", **named: str) -> httpx2.Response:
        body = {"entityName": name, **attrs(**named), **({"acl": {"name": acl}} if acl else {})}
        return client.post("/IDM/api/items", json={"item": body})

    answer = post(Number="1", Amount="10.50", Secret="abc")
    assert answer.status_code == 200, answer.text
    assert values(answer.json()["item"])["State"] == "new"
    assert error_of(post("", Number="2")) == (400, "acl_missing")
    assert error_of(post(Amount="1")) == (400, "required_attribute_missing")
    assert error_of(post(Number="1")) == (409, "value_not_unique")
    assert error_of(post(Number="2", Amount="ten")) == (400, "wrong_attribute_type")
    assert error_of(post(Number="2", State="lost")) == (400, "value_not_in_list")
    assert error_of(post(Number="2", Secret="abcd")) == (400, "value_too_long")
    assert post(Number="2", Amount="9.9").status_code == 200

    def count(condition: str) -> Any:
        query = {"$query": f"/{name}[{condition}]"}
        return client.get("/IDM/api/items/count", params=query)

    assert count('@Amount > "9.95"').json() == {"count": 1}
    assert count("@Amount = 9.90").json() == {"count": 1}
    assert error_of(count('@Secret = "abc"')) == (400, "attribute_not_searchable")
    with side.client(
        side.log_in(side.credentials(OTHER_TENANT, new_uuid())), OTHER_TENANT
    ) as other:
        assert other.get(f"/IDM/api/datamodel/entities/{name}").status_code == 400


def test_a_listed_document_type_may_be_seeded_and_all_state_comes_back_from_a_snapshot(
    side: InforSide, client: httpx2.Client
) -> None:
    entity = {
        "name": "Contract",
        "desc": "Contracts",
        "attrs": {
            "attr": [
                {"name": "Party", "type": "1", "required": "true", "size": "20"},
                {"name": "Value", "type": "6", "searchable": "true", "size": "12"},
                {"name": "State", "valueset": {"value": [{"name": "open"}, {"name": "closed"}]}},
            ]
        },
        "acls": {"acl": [{"name": "Lawyers", "desc": "of the application"}]},
    }
    more = {"name": "M3_SupplierInvoice", "attrs": {"attr": [{"name": "Seen", "type": "20"}]}}
    seed = json.dumps({"idm_types": [entity, more, entity]}).encode()
    control, told = side.services.control, "/IDM/api/datamodel/entities/Contract"
    with side.database.write() as work:
        control.seeds.seed(Access(work, SCOPE, OPERATOR), seed)
    listed = client.get(told).json()["entity"]
    assert [each["name"] for each in listed["attrs"]["attr"]] == ["Party", "Value", "State"]
    body = {"entityName": "Contract", **attrs(Party="A", Value="10.5"), **file(b"old")}
    refused = client.post("/IDM/api/items", json={"item": body})
    assert error_of(refused) == (400, "acl_missing")
    answer = client.post("/IDM/api/items", json={"item": body | {"acl": {"name": "Lawyers"}}})
    pid = answer.json()["item"]["pid"]
    after = changed(client, pid, file(b"new"), checkout="true", checkin="true", merge="true")
    control.snapshots.take(side.database, SCOPE, OPERATOR, "contracts")
    with side.database.write() as work:
        control.state.reset(Access(work, SCOPE, OPERATOR))
    assert client.get(told).status_code == 400
    assert client.get(f"/IDM/api/items/{pid}").status_code == 404
    with side.database.write() as work:
        control.snapshots.restore(Access(work, SCOPE, OPERATOR), "contracts")
    assert client.get(told).json()["entity"] == listed
    assert get(client, pid) == after
    query = {"$query": "/Contract[@Value > 9.9 AND @Value < 11]"}
    assert client.get("/IDM/api/items/count", params=query).json() == {"count": 1}
    first = client.get(f"/IDM/api/items/{pid.removesuffix('-LATEST')}/resource/stream")
    assert first.content == b"old"
