from __future__ import annotations

import re

import pytest

from ionport.identity.model import Actor
from tests.support.whole import Desk


def base(desk: Desk, what: str) -> str:
    return f"/ion-api/{desk.tenant.tenant_id}/{what}"


def add_object(desk: Desk, name: str = "Orders") -> None:
    fields = {"name": name, "type": "DSV", "schema": '{"title": "Orders"}'}
    answer = desk.browser.send(f"{base(desk, 'data-catalog')}/add", fields)
    assert f"Object {name} is saved." in answer.text


def upload(desk: Desk, content: bytes = b"a,b\n") -> None:
    answer = desk.browser.send(
        f"{base(desk, 'data-lake')}/upload",
        {"document_name": "Orders"},
        files=[("file", ("orders.csv", content))],
    )
    assert "The file is in the Data Lake." in answer.text


def test_an_object_is_added_replaced_and_deleted(desk: Desk) -> None:
    assert "No object yet" in desk.browser.text(base(desk, "data-catalog"))
    add_object(desk)
    add_object(desk)
    shown = desk.browser.text(base(desk, "data-catalog"))
    assert shown.count("Show the schema") == 1
    assert '"title": "Orders"' in shown
    desk.browser.send(f"{base(desk, 'data-catalog')}/Orders/delete")
    assert "No object yet" in desk.browser.text(base(desk, "data-catalog"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a b"),
        ("type", "XML"),
        *(("schema", text) for text in ("no json", "[1]", "", '{"a": "\\ud800"}')),
        ("schema", '{"a":' + "[" * 900 + "]" * 900 + "}"),
    ],
)
def test_a_wrong_field_of_an_object_is_told_beside_it(desk: Desk, field: str, value: str) -> None:
    fields = {"name": "Orders", "type": "DSV", "schema": "{}", field: value}
    answer = desk.browser.send(f"{base(desk, 'data-catalog')}/add", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_file_is_uploaded_downloaded_and_purged(desk: Desk) -> None:
    lake = base(desk, "data-lake")
    assert "No data object yet" in desk.browser.text(lake)
    assert "there is none yet" in desk.browser.text(f"{lake}/upload")
    add_object(desk)
    upload(desk)
    found = re.search(rf'{lake}/([\w-]+)/file"', desk.browser.get(lake).text)
    assert found is not None
    file = desk.browser.get(f"{lake}/{found[1]}/file")
    assert file.content == b"a,b\n"
    assert "attachment" in file.headers["content-disposition"]
    assert "No data object matches" in desk.browser.text(f"{lake}?q=nowhere")
    assert "1 entry" in desk.browser.text(f"{lake}?q=ord&sort=size&dir=asc")
    desk.browser.send(f"{lake}/{found[1]}/purge")
    assert "No data object yet" in desk.browser.text(lake)
    assert desk.browser.get(f"{lake}/{found[1]}/file").status_code == 404


def test_a_file_that_cannot_be_stored_is_told(desk: Desk) -> None:
    add_object(desk)
    path = f"{base(desk, 'data-lake')}/upload"
    empty = desk.browser.send(path, {"document_name": "Orders"}, files=[("file", ("a", b""))])
    assert (empty.status_code, 'id="file-error"' in empty.text) == (422, True)
    unknown = desk.browser.send(path, {"document_name": "X"}, files=[("file", ("a", b"1"))])
    assert (unknown.status_code, 'id="document_name-error"' in unknown.text) == (422, True)


def test_only_administrators_of_the_tenant_see_the_lake(desk: Desk) -> None:
    add_object(desk)
    upload(desk)
    assert desk.application.infor is not None
    desk.add_user("bob")
    desk.sign_in_as("bob")
    lake, catalog = base(desk, "data-lake"), base(desk, "data-catalog")
    for path in (lake, f"{lake}/upload", catalog, f"{catalog}/add", f"{catalog}/Orders/delete"):
        assert desk.browser.get(path).status_code == 403
    application = desk.application
    item = application.infor.ion.lake.upload(
        application.database, desk.tenant, Actor.operator(), "Orders", b"1"
    )
    assert desk.browser.get(f"{lake}/{item.id}/file").status_code == 403
