from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from ionport.core.clock import MovableClock
from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support import erp_mappings
from tests.support.proofs import ROLE_MISSING, hold_deliveries, prove_as
from tests.support.sides import until
from tests.support.web import said
from tests.support.whole import INVOICE, TEMPLATES, Site

LIST = "/settings/export"
IDM = own_template(MappingKind.IDM)[1]


def later(site: Site) -> MovableClock:
    """A clock that is ahead of the application's: what it stamps is the newest."""
    return MovableClock(site.application.clock.now() + timedelta(seconds=1))


def _proved(site: Site, answer: httpx2.Response) -> str:
    """Reload a configuration's page until its proof is over."""
    assert until(lambda: "Proving" not in said(site.browser.get(answer.url.path).text))
    return said(site.browser.get(answer.url.path).text)


@pytest.mark.on_each_database
def test_the_manuals_walk_on_both_databases(site_on_each: Site) -> None:
    site = site_on_each
    made = site.add_export(credential=site.credentials())
    page = _proved(site, made)
    assert "Passed" in page
    # M3 did not pass: the service account has no user here.
    assert page.count("Passed") == 9
    assert "IONPORT_TST" in page
    active = site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    assert "Invoices to Infor is active." in said(active.text)
    document = site.document_id()
    exported = site.browser.send(f"/documents/{document}/export", form_at=f"/documents/{document}")
    assert "Exporting" in said(exported.text)


def test_an_uploaded_credential_is_never_shown_again(site: Site) -> None:
    credential = site.credentials()
    keys = json.loads(credential)
    made = site.add_export(credential=credential)
    connection = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    pages = [made.url.path, f"{made.url.path}/edit", connection[1], f"{connection[1]}/proof", LIST]
    for path in pages:
        text = site.browser.get(path).text
        for name in ("cs", "saak", "sask", "ci"):
            assert keys[name] not in text, f"{name} on {path}"


def test_the_list_has_the_columns_of_the_original_and_a_status_dot(site: Site) -> None:
    assert "Make the first one" in said(site.browser.get(LIST).text)
    made = site.add_export(credential=site.credentials())
    page = site.browser.get(LIST).text
    headers = [said(text) for text in re.findall(r"<th[^>]*>(.*?)</th>", page, re.DOTALL)]
    assert headers == [
        "Title",
        "Document Type",
        "Sub-Organizations",
        "Export Method",
        "Proof",
        "Last success",
        "Failed in 24 h",
        "Actions",
    ]
    assert "dot-off" in page
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    page = site.browser.get(LIST).text
    assert "dot-on" in page
    assert "Deactivate" in page
    assert "No configuration matches" in said(site.browser.get(f"{LIST}?q=other").text)


def test_the_fields_stand_in_the_order_of_the_original(site: Site) -> None:
    page = site.browser.get(f"{LIST}/new/infor-idm-bod").text
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
    assert "BOD Mapping File" not in site.browser.get(f"{LIST}/new/infor-idm").text
    over_ion = site.browser.get(f"{LIST}/new/infor-ion-bod").text
    assert "BOD Mapping File" in over_ion
    assert "IDM Mapping File" not in over_ion
    assert "Ask M3 or LN what became of it" in over_ion
    assert "Remove what the ERP rejects from IDM" not in over_ion
    assert site.browser.get(f"{LIST}/new/fax").status_code == 404


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (IDM, "mapping file"),
        (b"", "empty"),
        (b"not json", "JSON"),
        (read_sample(INVOICE), "XML"),
        (b'{"ti": "ACME_TST"}', "ci"),
        (b"<html><body>Sign in</body></html>", "HTML"),
    ],
)
def test_a_wrong_credential_is_named_beside_its_box_and_nothing_is_kept(
    site: Site, content: bytes, told: str
) -> None:
    fields = {"title": "Typed title", "document_type": "INVOICE", "idm_mapping": "template"}
    files = [("connection_file", ("wrong.ionapi", content))]
    answer = site.browser.send(f"{LIST}/new/infor-idm", fields, files=files)
    assert answer.status_code == 422
    assert told in _error(answer, "connection_file")
    assert 'value="Typed title"' in answer.text
    assert "No connection yet" in said(site.browser.get("/settings/connections").text)
    assert "idm-invoice-m3.properties" not in site.browser.get(f"{LIST}/new/infor-idm").text


_Spoil = Callable[[dict[str, str]], dict[str, str]]
_WEB_APP = {"saak": None, "sask": None, "ru": "https://example.com/back"}


def _with(**changes: str | None) -> _Spoil:
    return lambda file: {
        key: value for key, value in {**file, **changes}.items() if value is not None
    }


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(_with(ci=None, cs=None), "cs", id="lacks-keys"),
        pytest.param(_with(**_WEB_APP), "Web", id="web-app"),
        pytest.param(_with(ot="@evil.test/x"), "ot", id="other-host"),
        pytest.param(_with(pu="http://192.168.7.1/A_TST/as/"), "http,", id="plain-http"),
    ],
)
def test_a_spoilt_credential_is_named_and_its_secrets_are_not_shown(
    site: Site, spoil: _Spoil, told: str
) -> None:
    credential = json.loads(site.credentials())
    answer = site.add_export(credential=json.dumps(spoil(credential)).encode())
    assert answer.status_code == 422
    assert told in _error(answer, "connection_file")
    assert credential["cs"] not in answer.text
    assert re.search(r'<option value="template"\s+selected', answer.text)
    assert "No connection yet" in said(site.browser.get("/settings/connections").text)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(_with(cs="B" * 86), "client secret", id="wrong-secret"),
        pytest.param(_with(sask="B" * 86), "service account", id="wrong-service-account"),
        pytest.param(_with(iu="https://10.1.2.3"), "private", id="private-address"),
        pytest.param(lambda f: {**f, "pu": f["iu"] + "/sign-in/"}, "404", id="wrong-address"),
    ],
)
def test_a_credential_that_does_not_work_is_told_by_its_proof(
    site: Site, spoil: _Spoil, told: str
) -> None:
    credential = spoil(json.loads(site.credentials()))
    made = site.add_export(credential=json.dumps(credential).encode())
    assert told in _proved(site, made)
    page = site.browser.get(made.url.path).text
    assert page.count("stage-failed") == 1
    assert page.count('class="remedy"') == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"<html></html>", "HTML", id="html"),
        pytest.param(b"x" * 2_100_000, "at most", id="too-large"),
        pytest.param(own_template(MappingKind.BOD)[1], "BOD", id="the-other-mapping"),
    ],
)
def test_a_wrong_mapping_file_is_named_beside_its_box(
    site: Site, content: bytes, told: str
) -> None:
    files = [("idm_mapping_file", ("mapping.properties", content))]
    answer = site.browser.send(f"{LIST}/new/infor-idm-bod", {"title": "x"}, files=files)
    assert answer.status_code == 422
    assert told in _error(answer, "idm_mapping_file")


def _error(answer: httpx2.Response, field: str) -> str:
    """What is told beside a field."""
    error = re.search(rf'id="{field}-error">(.*?)</p>', answer.text, re.DOTALL)
    assert error is not None
    return said(error[1])


def test_a_good_credential_is_not_kept_when_another_file_of_the_form_is_refused(
    site: Site,
) -> None:
    fields = {"title": "", "document_type": "INVOICE"}
    files = [
        ("connection_file", ("DocBits_TST.ionapi", site.credentials())),
        ("idm_mapping_file", ("mapping.properties", b"\x89PNG")),
    ]
    answer = site.browser.send(f"{LIST}/new/infor-idm", fields, files=files)
    assert answer.status_code == 422
    assert 'id="idm_mapping_file-error"' in answer.text
    assert 'id="title-error"' in answer.text
    assert "No connection yet" in said(site.browser.get("/settings/connections").text)


def test_nothing_chosen_is_told_beside_every_box(site: Site) -> None:
    answer = site.browser.send(f"{LIST}/new/infor-idm-bod", {"title": "x"})
    assert answer.status_code == 422
    for field in ("document_type", "connection_file", "idm_mapping_file", "bod_mapping_file"):
        assert f'id="{field}-error"' in answer.text, field


@pytest.mark.parametrize("value", ["", "two words", "lid://a\nSFV_actionCode=Delete", "ä"])
def test_a_templates_value_cannot_change_another_line(site: Site, value: str) -> None:
    answer = site.add_export(credential=site.credentials(), logical_id=value)
    assert answer.status_code == 422
    assert 'id="logical_id-error"' in answer.text


def test_the_template_carries_the_users_values(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    assert "SFV_LogicalID=lid://infor.ims.example" in made.text


def test_a_placeholder_blocks_activation_with_its_line(site: Site) -> None:
    made = site.add_export(credential=site.credentials(), logical_id="lid://")
    page = said(made.text)
    assert re.search(r"Blocks activation Line \d+ SFV_LogicalID", page)
    assert "Mend below what blocks activation, then activate it." in page
    dialog = site.browser.get(f"{made.url.path}/activate").text
    assert "A mapping file blocks activation:" in said(dialog)
    assert f'href="{made.url.path}#bod_mapping"' in dialog
    assert not re.search(r"<button[^>]*>Activate</button>", dialog)
    answer = site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    assert "A mapping cannot be used yet." in said(answer.text)
    assert "dot-off" in site.browser.get(LIST).text
    link = re.search(r'href="([^"]*/accept\?finding=[^"]*)"', made.text)
    assert link is not None
    accepted = site.browser.send(html.unescape(link[1]), {"reason": "ION sets it"})
    assert accepted.url.path == made.url.path
    assert "Blocks activation" not in said(accepted.text)
    assert "Accepted by ada" in said(accepted.text)


def test_a_connection_is_shared_by_choosing_it(site: Site) -> None:
    site.add_export(credential=site.credentials())
    page = site.browser.get(f"{LIST}/new/infor-idm").text
    connection = re.search(r'value="(con_\w+)"', page)
    mapping = re.search(r'value="(map_\w+)"', page)
    assert connection is not None
    assert mapping is not None
    second = site.add_export(
        "Second", method="infor-idm", connection=connection[1], idm_mapping=mapping[1]
    )
    assert second.status_code == 200
    assert said(site.browser.get("/settings/connections").text).count("DocBits_TST") == 1 + 1


def test_activation_shows_what_it_switches_off_and_swaps(site: Site) -> None:
    credential = site.credentials()
    first = site.add_export("First", credential)
    second = site.add_export("Second", credential)
    _proved(site, second)
    site.browser.send(f"{first.url.path}/activate", form_at=first.url.path)
    question = site.browser.send(f"{second.url.path}/activate", form_at=second.url.path)
    assert question.url.path == f"{second.url.path}/activate"
    assert "First" in said(question.text)
    assert "First will be switched off, and Second takes its place" in said(question.text)
    assert said(question.text).count("Passed") == 2, "the proofs of both"
    assert "Status Active" in said(site.browser.get(first.url.path).text)
    site.browser.send(f"{second.url.path}/activate", {"replace": "on"})
    assert "Status Not active" in said(site.browser.get(first.url.path).text)
    assert "Status Active" in said(site.browser.get(second.url.path).text)


def test_an_edited_configuration_keeps_its_files_unless_others_are_given(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    form = site.browser.get(f"{made.url.path}/edit").text
    selects = re.findall(r'<select class="form-select" id="(\w+)"(.*?)</select>', form, re.DOTALL)
    chosen = {
        name: value[1]
        for name, options in selects
        if (value := re.search(r'value="(\w+)" selected', options))
    }
    assert set(chosen) >= {"connection", "idm_mapping", "bod_mapping", "document_type"}
    answer = site.browser.send(f"{made.url.path}/edit", {**chosen, "title": "Renamed"})
    assert answer.status_code == 200
    assert "The changes are saved." in said(answer.text)
    assert "Renamed" in site.browser.get(LIST).text


def test_deleting_asks_first(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    assert "Delete Invoices to Infor?" in site.browser.get(f"{made.url.path}/delete").text
    answer = site.browser.send(f"{made.url.path}/delete")
    assert answer.url.path == LIST
    assert site.browser.get(made.url.path).status_code == 404


def test_a_proof_can_be_repeated_and_shows_what_failed(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    app = re.search(rf'href="({site.apps_path}/app_\w+)"', site.browser.get(site.apps_path).text)
    assert app is not None
    site.browser.send(f"{app[1]}/delete")
    connection = re.search(
        r'action="(/settings/connections/con_\w+)/check"', made.text
    ) or re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    back = {"back": made.url.path}
    again = site.browser.send(f"{connection[1]}/check", back, form_at=made.url.path)
    assert again.url.path == made.url.path
    page = _proved(site, made)
    assert "Refused" in page
    assert "Not reached" in page


def test_a_connection_in_use_stays_and_says_why(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    connection = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert connection is not None
    answer = site.browser.send(f"{connection[1]}/delete")
    assert "used by: Invoices to Infor" in said(answer.text)
    renamed = site.browser.send(connection[1], {"name": "Infor test"})
    assert "Infor test" in said(renamed.text)
    assert site.browser.send(connection[1], {"name": ""}).status_code == 422


def test_a_member_sees_configurations_and_changes_none(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    path = made.url.path
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(path).status_code == 200
    assert site.browser.get(f"{LIST}/new").status_code == 403
    assert site.browser.get(f"{path}/edit").status_code == 403
    for action in ("activate", "deactivate", "delete"):
        answer = site.browser.send(f"{path}/{action}", form_at="/account")
        assert answer.status_code == 403, action


def _refused(site: Site) -> bytes:
    """A credential that Infor refuses."""
    return json.dumps({**json.loads(site.credentials()), "cs": "A" * 86}).encode()


def test_a_refused_configuration_is_activated_with_a_reason_and_shows_it(site: Site) -> None:
    made = site.add_export(credential=_refused(site))
    page = _proved(site, made)
    assert "Refused" in page
    assert "Refused" in site.browser.text("/settings/connections")
    assert "Refused" in site.browser.text("/dashboard")
    path = f"{made.url.path}/activate"
    dialog = site.browser.send(path, form_at=made.url.path)
    assert dialog.url.path == path
    assert "Access token: The client id or the client secret is not accepted." in said(dialog.text)
    without = site.browser.send(path, {"reason": " "})
    assert without.status_code == 409
    assert 'id="reason-error"' in without.text
    too_long = site.browser.send(path, {"reason": "x" * 501})
    assert too_long.status_code == 422
    assert 'id="reason-error"' in too_long.text
    active = site.browser.send(path, {"reason": "the account gets <its> role"})
    assert "Invoices to Infor is active." in said(active.text)
    assert "the account gets <its> role" in said(active.text)
    assert "dot-on" in site.browser.get(LIST).text, "a person has decided"


def test_a_refusal_turns_an_active_configuration_red_until_a_person_decides(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    connection_id = re.search(r"/settings/connections/(con_\w+)", made.text)
    assert connection_id is not None
    prove_as(
        site.application.database, site.organization, later(site), connection_id[1], ROLE_MISSING
    )
    assert "dot-broken" in site.browser.get(LIST).text
    page = said(site.browser.get(made.url.path).text)
    assert "The connection is refused: what goes over it is held." in page
    path = f"{made.url.path}/all-the-same"
    assert 'id="reason-error"' in site.browser.send(path, {"reason": ""}).text
    decided = site.browser.send(path, {"reason": "IDM is told"})
    assert "Deliveries that go on: 0." in said(decided.text)
    assert "IDM is told" in said(decided.text)
    assert "dot-broken" not in site.browser.get(LIST).text
    assert "Nothing is held" in said(site.browser.get(path).text)


def test_a_held_delivery_says_so_and_is_freed_by_a_decision(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    document = site.document_id()
    site.browser.send(f"/documents/{document}/export", form_at=f"/documents/{document}")
    connection_id = re.search(r"/settings/connections/(con_\w+)", made.text)
    assert connection_id is not None
    prove_as(
        site.application.database, site.organization, later(site), connection_id[1], ROLE_MISSING
    )
    delivery_id = hold_deliveries(site.application.database, site.organization)
    path = f"/deliveries/{delivery_id}"
    page = site.browser.get(path)
    assert "Held until a proof of the connection passes." in said(page.text)
    assert f"{path}/all-the-same" in site.browser.get(f"/documents/{document}").text
    assert "1 delivery waits." in said(site.browser.get(made.url.path).text)
    freed = site.browser.send(f"{path}/all-the-same", {"reason": "IDM is told"})
    assert "Deliveries that go on: 1." in said(freed.text)
    assert "Held until" not in said(site.browser.get(path).text)


def test_an_active_configuration_takes_an_unproved_file_only_with_a_reason(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    fields = {"title": "New file", "document_type": "INVOICE", **TEMPLATES}
    files = [("connection_file", ("Other.ionapi", site.credentials("Other_TST")))]
    answer = site.browser.send(f"{made.url.path}/edit", fields, files=files)
    assert answer.status_code == 409
    assert 'id="reason-error"' in answer.text
    fields["reason"] = "the old app is gone"
    changed = site.browser.send(f"{made.url.path}/edit", fields, files=files)
    assert "The changes are saved." in said(changed.text)
    assert "the old app is gone" in said(changed.text)


def test_a_configuration_that_never_was_active_shows_no_hold(site: Site) -> None:
    made = site.add_export(credential=_refused(site))
    page = _proved(site, made)
    assert "Refused" in page, "the proof is told with the configuration"
    assert 'id="hold"' not in site.browser.get(made.url.path).text
    assert "what goes over it is held" not in page


def test_a_configurations_page_renews_itself_while_its_proof_runs(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    application = site.application
    assert application.documents is not None
    with application.database.write() as work:
        configuration = application.documents.configurations.get(
            Access(work, site.organization, Actor.operator()), made.url.path.rpartition("/")[2]
        )
        application.documents.connections.start_check(
            Access(work, site.organization, Actor.operator()), configuration.connection_id
        )
    page = site.browser.get(made.url.path).text
    polls = re.findall(r'hx-get="([^"]+)"', page)
    assert polls == [made.url.path], "the page asks for itself, so that dot and notes follow"
    assert 'hx-select="#configuration-now"' in page
    now = page.index('id="configuration-now"')
    assert now < page.index("<h1>") < page.index('id="proof"')


def test_what_is_held_is_counted_where_it_is_looked_for(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    named = re.search(r"/settings/connections/(con_\w+)", made.text)
    assert named is not None
    connection = named[1]
    prove_as(site.application.database, site.organization, later(site), connection, ROLE_MISSING)
    delivery = f"/deliveries/{hold_deliveries(site.application.database, site.organization)}"

    ledger = site.browser.get("/deliveries").text
    tile = re.search(r'href="([^"]*status=held[^"]*)"[^>]*><b>(\d+)</b><span>Held</span>', ledger)
    assert tile is not None
    assert tile[2] == "1"
    assert re.search(r"<b>0</b><span>Waiting", ledger), "it is not counted twice"
    assert f'href="{delivery}"' in site.browser.get("/deliveries?status=held").text
    assert f'href="{delivery}"' not in site.browser.get("/deliveries?status=waiting").text
    page = site.browser.get(delivery).text
    assert f'href="{made.url.path}"' in page
    assert f'href="/settings/connections/{connection}"' in page

    listed = said(site.browser.get("/settings/connections").text)
    assert "1 delivery held" in listed
    assert "Refused" in listed
    for address in (made.url.path, f"/settings/connections/{connection}"):
        asked = said(site.browser.get(f"{address}/delete").text)
        assert "1 delivery is held. It stays held" in asked


def test_a_delivery_whose_configuration_is_deleted_links_none(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    _proved(site, made)
    site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    site.browser.send(f"{made.url.path}/delete", form_at=f"{made.url.path}/delete")
    found = re.search(r"/deliveries/\w+", site.browser.get("/deliveries").text)
    assert found is not None
    page = site.browser.get(found[0]).text
    assert f'href="{made.url.path}"' not in page
    assert "deleted" in said(page)


@pytest.mark.parametrize(
    ("method", "kind", "content"),
    [
        ("infor-idm-m3", "m3", erp_mappings.M3),
        ("infor-idm-m3-toml", "toml", erp_mappings.TOML),
        ("infor-idm-ln", "ln", erp_mappings.LN),
    ],
)
def test_an_export_to_an_erp_is_configured_with_its_own_fields(
    site: Site, method: str, kind: str, content: bytes
) -> None:
    path = f"{LIST}/new/{method}"
    form = said(site.browser.get(path).text)
    assert ("Validate in M3" in form) is method.startswith("infor-idm-m3")
    assert ("Operation that lists" in form) is (kind == "ln")
    fields = {"title": "To the ERP", "document_type": "INVOICE", "idm_mapping": "template"}
    files = {
        "connection_file": ("x.ionapi", site.credentials()),
        f"{kind}_mapping_file": (f"erp.{kind}", content),
    }
    options = {"m3_validate": "on", "ln_service": "OwnInvoice"}
    made = site.browser.send(path, fields | options, files=files)
    assert "To the ERP" in said(made.text)
    edit = site.browser.get(f"{made.url.path}/edit").text
    kept = re.search(r'value="OwnInvoice"', edit) if kind == "ln" else "checked" in edit
    assert kept
    wrong = site.browser.send(path, fields | {"ln_service": "a b"}, files=files)
    assert (wrong.status_code == 422) is (kind == "ln")


def test_credit_notes_need_a_sign_and_over_ion_a_reason(site: Site) -> None:
    path = f"{LIST}/new/infor-idm-bod"
    fields = {"title": "Credit notes", "document_type": "CREDIT_NOTE"} | TEMPLATES
    files = {"connection_file": ("x.ionapi", site.credentials())}
    made = site.browser.send(path, fields, files=files)
    _proved(site, made)
    refused = said(site.browser.send(f"{made.url.path}/activate", form_at=made.url.path).text)
    assert "as written or negative" in refused
    assert "books every document as an invoice" in refused
    decided = {"amount_sign": "negative", "credit_note_reason": "Our own flow reads the type"}
    without = site.browser.send(path, fields | decided, files=files)
    _proved(site, without)
    page = said(site.browser.send(f"{without.url.path}/activate", form_at=without.url.path).text)
    assert "no line for documents of the type CREDIT_NOTE" in page
    bod = own_template(MappingKind.BOD)[1].replace(
        b"Document_Types=", b"CREDIT_NOTE=M3_SupplierInvoice\nDocument_Types=CREDIT_NOTE,"
    )
    bod_file = {"bod_mapping_file": ("credit-notes.properties", bod)}
    decided |= {"bod_mapping": ""}
    other = site.browser.send(path, fields | decided, files=files | bod_file)
    _proved(site, other)
    active = site.browser.send(f"{other.url.path}/activate", form_at=other.url.path)
    assert "Credit notes (3) is active." in said(active.text)


def test_the_template_is_the_one_for_the_document_type(site: Site) -> None:
    fields = {"title": "Delivery notes", "document_type": "DELIVERY_NOTE"}
    files = {"connection_file": ("x.ionapi", site.credentials())}
    made = site.browser.send(f"{LIST}/new/infor-idm-bod", fields | TEMPLATES, files=files)
    _proved(site, made)
    active = site.browser.send(f"{made.url.path}/activate", form_at=made.url.path)
    assert "Delivery notes is active." in said(active.text)
    fields |= {"title": "To M3", "idm_mapping": "template", "m3_mapping": "template"}
    other = site.browser.send(f"{LIST}/new/infor-idm-m3", fields, files=files)
    _proved(site, other)
    refused = site.browser.send(f"{other.url.path}/activate", form_at=other.url.path)
    assert "book invoices and credit notes by it, and no DELIVERY_NOTE" in said(refused.text)


def test_a_configuration_is_duplicated_saved_and_imported(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    copy = site.browser.send(f"{made.url.path}/duplicate", form_at=made.url.path)
    assert copy.url.path.endswith("/edit")
    assert "Copy of Invoices to Infor is made." in copy.text
    taken = {"title": "INVOICES to Infor"}
    refused = site.browser.send(copy.url.path, taken)
    assert refused.status_code == 422
    assert "Another configuration has this title." in said(refused.text)
    saved = site.browser.get("/settings/export/file")
    assert "attachment" in saved.headers["content-disposition"]
    at = "/settings/export/import"
    page = site.browser.send(at, files=[("file", ("all.json", saved.content))])
    assert page.url.path == "/settings/export"
    assert "2 configurations are imported." in page.text
    assert "Copy of Invoices to Infor (2)" in said(page.text)
    assert "made " not in said(page.text)
    # As versions stored them that made two of one title.
    with site.application.database.write() as work:
        work.connection.exec_driver_sql("UPDATE export_configurations SET title = 'Équal'")
    assert site.browser.text("/settings/export").count("made ") == 4
    for content in (b"", b"{}", saved.content.replace(b"DocBits_TST", b"Elsewhere")):
        refused = site.browser.send(at, files=[("file", ("all.json", content))])
        assert refused.status_code == 422
        assert 'class="upload is-invalid"' in refused.text
    assert "There is no connection with the name Elsewhere" in said(refused.text)
