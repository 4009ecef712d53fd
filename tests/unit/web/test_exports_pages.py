from __future__ import annotations

import json
import re
import time

import httpx2
import pytest

from ionport.mappings.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.web import said
from tests.support.whole import Desk

LIST = "/settings/export"
IDM = own_template(MappingKind.IDM)[1]


def _proved(desk: Desk, answer: httpx2.Response) -> str:
    """Reload a configuration's page until its proof is over."""
    for _ in range(100):
        page = said(desk.browser.get(answer.url.path).text)
        if "Proving" not in page:
            return page
        time.sleep(0.1)
    raise AssertionError("the proof does not end")


def test_the_manuals_walk_on_both_databases(desk_on_each: Desk) -> None:
    desk = desk_on_each
    made = desk.add_export(credential=desk.credentials())
    page = _proved(desk, made)
    assert "Proved" in page
    assert page.count("Passed") == 6
    assert "IONPORT_TST" in page
    active = desk.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    assert "Invoices to Infor is active." in said(active.text)
    document = desk.document_id()
    exported = desk.browser.send(f"/documents/{document}/export", form_at=f"/documents/{document}")
    assert "Exporting" in said(exported.text)


def test_an_uploaded_credential_is_never_shown_again(desk: Desk) -> None:
    credential = desk.credentials()
    keys = json.loads(credential)
    made = desk.add_export(credential=credential)
    connection = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    pages = [made.url.path, f"{made.url.path}/edit", connection[1], f"{connection[1]}/proof", LIST]
    for path in pages:
        text = desk.browser.get(path).text
        for name in ("cs", "saak", "sask", "ci"):
            assert keys[name] not in text, f"{name} on {path}"


def test_the_list_has_the_columns_of_the_original_and_a_status_dot(desk: Desk) -> None:
    assert "Make the first one" in said(desk.browser.get(LIST).text)
    made = desk.add_export(credential=desk.credentials())
    page = desk.browser.get(LIST).text
    headers = [said(text) for text in re.findall(r"<th[^>]*>(.*?)</th>", page, re.DOTALL)]
    assert headers == [
        "Title",
        "Document Type",
        "Sub-Organizations",
        "Export Method",
        "Actions",
    ]
    assert "dot-off" in page
    desk.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    page = desk.browser.get(LIST).text
    assert "dot-on" in page
    assert "Deactivate" in page
    assert "No configuration matches" in said(desk.browser.get(f"{LIST}?q=other").text)


def test_the_fields_stand_in_the_order_of_the_original(desk: Desk) -> None:
    page = desk.browser.get(f"{LIST}/new/infor-idm-bod").text
    order = [
        "Title",
        "Sub-Organization",
        "Document Type",
        "ION API File",
        "IDM Mapping File",
        "BOD Mapping File",
    ]
    places = [page.index(f">{label}<") for label in order]
    assert places == sorted(places)
    assert "BOD Mapping File" not in desk.browser.get(f"{LIST}/new/infor-idm").text
    assert desk.browser.get(f"{LIST}/new/fax").status_code == 404


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (IDM, "mapping file"),
        (b"", "empty"),
        (b"not json", "JSON"),
        (b'{"ti": "ACME_TST"}', "ci"),
        (b"<html><body>Sign in</body></html>", "HTML"),
    ],
)
def test_a_wrong_credential_is_named_beside_its_box_and_nothing_is_kept(
    desk: Desk, content: bytes, told: str
) -> None:
    fields = {"title": "Typed title", "document_type": "INVOICE", "idm_mapping": "template"}
    files = [("connection_file", ("wrong.ionapi", content))]
    answer = desk.browser.send(f"{LIST}/new/infor-idm", fields, files=files)
    assert answer.status_code == 422
    assert 'id="connection_file-error"' in answer.text
    error = re.search(r'id="connection_file-error">(.*?)</p>', answer.text, re.DOTALL)
    assert error is not None
    assert told in said(error[1])
    assert 'value="Typed title"' in answer.text
    assert "No connection yet" in said(desk.browser.get("/settings/connections").text)
    assert "idm-invoice-m3.properties" not in desk.browser.get(f"{LIST}/new/infor-idm").text


def test_a_good_credential_is_not_kept_when_another_file_of_the_form_is_refused(
    desk: Desk,
) -> None:
    fields = {"title": "", "document_type": "INVOICE"}
    files = [
        ("connection_file", ("DocBits_TST.ionapi", desk.credentials())),
        ("idm_mapping_file", ("mapping.properties", b"\x89PNG")),
    ]
    answer = desk.browser.send(f"{LIST}/new/infor-idm", fields, files=files)
    assert answer.status_code == 422
    assert 'id="idm_mapping_file-error"' in answer.text
    assert 'id="title-error"' in answer.text
    assert "No connection yet" in said(desk.browser.get("/settings/connections").text)


def test_nothing_chosen_is_told_beside_every_box(desk: Desk) -> None:
    answer = desk.browser.send(f"{LIST}/new/infor-idm-bod", {"title": "x"})
    assert answer.status_code == 422
    for field in ("document_type", "connection_file", "idm_mapping_file", "bod_mapping_file"):
        assert f'id="{field}-error"' in answer.text, field


@pytest.mark.parametrize("value", ["", "two words", "lid://a\nSFV_actionCode=Delete", "ä"])
def test_a_templates_value_cannot_change_another_line(desk: Desk, value: str) -> None:
    answer = desk.add_export(credential=desk.credentials(), logical_id=value)
    assert answer.status_code == 422
    assert 'id="logical_id-error"' in answer.text


def test_the_template_carries_the_users_values(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    assert "SFV_LogicalID=lid://infor.ims.example" in made.text


def test_a_placeholder_blocks_activation_with_its_line(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials(), logical_id="lid://")
    page = said(made.text)
    assert re.search(r"Blocks activation Line \d+ SFV_LogicalID", page)
    answer = desk.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    assert "A mapping cannot be used yet." in said(answer.text)
    assert "dot-off" in desk.browser.get(LIST).text


def test_a_connection_is_shared_by_choosing_it(desk: Desk) -> None:
    desk.add_export(credential=desk.credentials())
    page = desk.browser.get(f"{LIST}/new/infor-idm").text
    connection = re.search(r'value="(con_\w+)"', page)
    mapping = re.search(r'value="(map_\w+)"', page)
    assert connection is not None
    assert mapping is not None
    second = desk.add_export(
        "Second", method="infor-idm", connection=connection[1], idm_mapping=mapping[1]
    )
    assert second.status_code == 200
    assert said(desk.browser.get("/settings/connections").text).count("DocBits_TST") == 1 + 1


def test_activation_shows_what_it_switches_off_and_swaps(desk: Desk) -> None:
    credential = desk.credentials()
    first = desk.add_export("First", credential)
    second = desk.add_export("Second", credential)
    desk.browser.send(f"{first.url.path}/activate", form_at=first.url.path)
    question = desk.browser.send(f"{second.url.path}/activate", form_at=second.url.path)
    assert question.url.path == f"{second.url.path}/activate"
    assert "First" in said(question.text)
    assert "It will be switched off" in said(question.text)
    assert "Status Active" in said(desk.browser.get(first.url.path).text)
    desk.browser.send(f"{second.url.path}/activate", {"replace": "on"})
    assert "Status Not active" in said(desk.browser.get(first.url.path).text)
    assert "Status Active" in said(desk.browser.get(second.url.path).text)


def test_an_edited_configuration_keeps_its_files_unless_others_are_given(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    form = desk.browser.get(f"{made.url.path}/edit").text
    selects = re.findall(r'<select class="form-select" id="(\w+)"(.*?)</select>', form, re.DOTALL)
    chosen = {
        name: value[1]
        for name, options in selects
        if (value := re.search(r'value="(\w+)" selected', options))
    }
    assert set(chosen) >= {"connection", "idm_mapping", "bod_mapping", "document_type"}
    answer = desk.browser.send(f"{made.url.path}/edit", {**chosen, "title": "Renamed"})
    assert answer.status_code == 200
    assert "The changes are saved." in said(answer.text)
    assert "Renamed" in desk.browser.get(LIST).text


def test_deleting_asks_first(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    assert "Delete Invoices to Infor?" in desk.browser.get(f"{made.url.path}/delete").text
    answer = desk.browser.send(f"{made.url.path}/delete")
    assert answer.url.path == LIST
    assert desk.browser.get(made.url.path).status_code == 404


def test_a_proof_can_be_repeated_and_shows_what_failed(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    _proved(desk, made)
    app = re.search(rf'href="({desk.apps_path}/app_\w+)"', desk.browser.get(desk.apps_path).text)
    assert app is not None
    desk.browser.send(f"{app[1]}/delete")
    connection = re.search(
        r'action="(/settings/connections/con_\w+)/check"', made.text
    ) or re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    back = {"back": made.url.path}
    again = desk.browser.send(f"{connection[1]}/check", back, form_at=made.url.path)
    assert again.url.path == made.url.path
    page = _proved(desk, made)
    assert "Failed" in page
    assert "Not reached" in page


def test_a_connection_in_use_stays_and_says_why(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    connection = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    answer = desk.browser.send(f"{connection[1]}/delete")
    assert "used by: Invoices to Infor" in said(answer.text)
    renamed = desk.browser.send(connection[1], {"name": "Infor test"})
    assert "Infor test" in said(renamed.text)
    assert desk.browser.send(connection[1], {"name": ""}).status_code == 422


def test_a_member_sees_configurations_and_changes_none(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    path = made.url.path
    desk.add_user("bob")
    desk.sign_in_as("bob")
    assert desk.browser.get(path).status_code == 200
    assert desk.browser.get(f"{LIST}/new").status_code == 403
    assert desk.browser.get(f"{path}/edit").status_code == 403
    for action in ("activate", "deactivate", "delete"):
        answer = desk.browser.send(f"{path}/{action}", form_at="/account")
        assert answer.status_code == 403, action
