from __future__ import annotations

import re

import pytest

from ionport.identity.model import Actor
from tests.support.whole import Site


def base(site: Site, what: str) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/{what}"


def add_object(site: Site, name: str = "Orders") -> None:
    fields = {"name": name, "type": "DSV", "schema": '{"title": "Orders"}'}
    answer = site.browser.send(f"{base(site, 'data-catalog')}/add", fields)
    assert f"Object {name} is saved." in answer.text


def upload(site: Site, content: bytes = b"a,b\n") -> None:
    answer = site.browser.send(
        f"{base(site, 'data-lake')}/upload",
        {"document_name": "Orders"},
        files=[("file", ("orders.csv", content))],
    )
    assert "The file is in the Data Lake." in answer.text


def test_an_object_is_added_replaced_and_deleted(site: Site) -> None:
    assert "No object yet" in site.browser.text(base(site, "data-catalog"))
    add_object(site)
    add_object(site)
    shown = site.browser.text(base(site, "data-catalog"))
    assert shown.count("Show the schema") == 1
    assert '"title": "Orders"' in shown
    site.browser.send(f"{base(site, 'data-catalog')}/Orders/delete")
    assert "No object yet" in site.browser.text(base(site, "data-catalog"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a b"),
        ("type", "XML"),
        *(("schema", text) for text in ("no json", "[1]", "", '{"a": "\\ud800"}')),
        ("schema", '{"a":' + "[" * 900 + "]" * 900 + "}"),
    ],
)
def test_a_wrong_field_of_an_object_is_told_beside_it(site: Site, field: str, value: str) -> None:
    fields = {"name": "Orders", "type": "DSV", "schema": "{}", field: value}
    answer = site.browser.send(f"{base(site, 'data-catalog')}/add", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_file_is_uploaded_downloaded_and_purged(site: Site) -> None:
    lake = base(site, "data-lake")
    assert "No data object yet" in site.browser.text(lake)
    assert "there is none yet" in site.browser.text(f"{lake}/upload")
    add_object(site)
    upload(site)
    found = re.search(rf'{lake}/([\w-]+)/file"', site.browser.get(lake).text)
    assert found is not None
    file = site.browser.get(f"{lake}/{found[1]}/file")
    assert file.content == b"a,b\n"
    assert "attachment" in file.headers["content-disposition"]
    assert "No data object matches" in site.browser.text(f"{lake}?q=nowhere")
    assert "1 entry" in site.browser.text(f"{lake}?q=ord&sort=size&dir=asc")
    site.browser.send(f"{lake}/{found[1]}/purge")
    assert "No data object yet" in site.browser.text(lake)
    assert site.browser.get(f"{lake}/{found[1]}/file").status_code == 404


def test_a_file_that_cannot_be_stored_is_told(site: Site) -> None:
    add_object(site)
    path = f"{base(site, 'data-lake')}/upload"
    empty = site.browser.send(path, {"document_name": "Orders"}, files=[("file", ("a", b""))])
    assert (empty.status_code, 'id="file-error"' in empty.text) == (422, True)
    unknown = site.browser.send(path, {"document_name": "X"}, files=[("file", ("a", b"1"))])
    assert (unknown.status_code, 'id="document_name-error"' in unknown.text) == (422, True)


def test_only_administrators_of_the_tenant_see_the_lake(site: Site) -> None:
    add_object(site)
    upload(site)
    assert site.application.infor is not None
    site.add_user("bob")
    site.sign_in_as("bob")
    lake, catalog = base(site, "data-lake"), base(site, "data-catalog")
    for path in (lake, f"{lake}/upload", catalog, f"{catalog}/add", f"{catalog}/Orders/delete"):
        assert site.browser.get(path).status_code == 403
    application = site.application
    item = application.infor.ion.lake.upload(
        application.database, site.tenant, Actor.operator(), "Orders", b"1"
    )
    assert site.browser.get(f"{lake}/{item.id}/file").status_code == 403
