"""Mapping files are listed, uploaded, made from templates, edited, compared and rolled back."""

from __future__ import annotations

import re

import httpx2
import pytest

from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.html_forms import form_with
from tests.support.web import said
from tests.support.whole import Site

IDM_TEMPLATE = own_template(MappingKind.IDM)[1].decode()
BOD_TEMPLATE = own_template(MappingKind.BOD)[1].decode()
_LIST = "/settings/mapping-files"
_UPLOAD = f"{_LIST}/upload"


def _upload(site: Site, *files: tuple[str, str], action: str = "") -> httpx2.Response:
    sent = [("files", (name, text.encode())) for name, text in files]
    return site.browser.send(_UPLOAD, {"action": action} if action else {}, files=sent)


def _file(site: Site, text: str = IDM_TEMPLATE, name: str = "idm.properties") -> str:
    page = _upload(site, (name, text))
    assert page.status_code == 200, said(page.text)
    return str(page.url.path)


def _save(site: Site, path: str, text: str, based_on: str, action: str = "") -> httpx2.Response:
    fields = {"text": text, "based_on": based_on, **({"action": action} if action else {})}
    return site.browser.send(path, fields)


def test_files_are_judged_before_they_are_kept_and_each_says_where_it_belongs(site: Site) -> None:
    assert "No mapping file yet" in site.browser.text(_LIST)
    files = (("idm.properties", IDM_TEMPLATE), ("bod.properties", BOD_TEMPLATE), ("x.txt", "hm"))
    judged = said(_upload(site, *files, action="check").text)
    for kind in ("IDM mapping", "BOD mapping", "not a mapping file"):
        assert kind in judged
    assert "No mapping file yet" in site.browser.text(_LIST)
    kept = said(_upload(site, *files).text)
    assert kept.count("Open version 1") == 2
    assert "Refused" in kept
    listed = site.browser.text(_LIST)
    assert "idm.properties" in listed
    assert "x.txt" not in listed
    assert _upload(site).status_code == 422


def test_the_list_filters_sorts_and_says_what_is_used(site: Site) -> None:
    site.add_export(credential=site.credentials())
    _file(site, BOD_TEMPLATE, "spare.properties")
    everything = site.browser.text(_LIST)
    assert "Invoices to Infor" in everything
    assert "not used" in everything
    only = site.browser.text(f"{_LIST}?kind=bod&q=SPARE")
    assert "spare.properties" in only
    assert "idm-invoice" not in only
    assert "No mapping file matches" in site.browser.text(f"{_LIST}?q=nothing")
    names = re.findall(
        r'class="row-title"[^>]*>([^<]+)', site.browser.get(f"{_LIST}?sort=name&dir=desc").text
    )
    assert names == sorted(names, reverse=True)


def test_a_template_becomes_a_file_under_a_name_of_its_own(site: Site) -> None:
    new = f"{_LIST}/new"
    assert site.browser.send(new, {"template": "nothing"}).status_code == 422
    fields = {"template": "idm-invoice-m3.properties", "name": "own.properties"}
    assert "own.properties is added" in said(site.browser.send(new, fields).text)
    taken = site.browser.send(new, fields)
    assert taken.status_code == 409
    assert "Choose another name" in said(taken.text)


def test_an_edit_is_saved_as_the_next_version_with_the_ends_of_its_lines(site: Site) -> None:
    path = _file(site, IDM_TEMPLATE.replace("\n", "\r\n"))
    fields = form_with(site.browser.get(path).text, "based_on").fields
    edited = fields["text"].replace("\r\n", "\n") + "# one more\n"
    answer = _save(site, path, edited, "1")
    assert "Version 2 is saved" in said(answer.text)
    stored = site.browser.get(f"{path}/file")
    assert stored.content == IDM_TEMPLATE.replace("\n", "\r\n").encode() + b"# one more\r\n"
    assert site.browser.get(f"{path}/file?version=1").content.count(b"one more") == 0
    assert "Nothing is different from version 2" in said(_save(site, path, edited, "2").text)


def test_a_text_whose_file_was_deleted_meanwhile_becomes_a_new_file(site: Site) -> None:
    path = _file(site)
    fields = form_with(site.browser.get(path).text, "based_on").fields
    typed = IDM_TEMPLATE + "# hours of work\n"
    site.browser.send(f"{path}/delete", {})
    lost = site.browser.send(path, {**fields, "text": typed}, form_at=f"{_LIST}/new")
    assert lost.status_code == 404
    assert "Somebody deleted the file while you edited it" in said(lost.text)
    offered = form_with(lost.text, "text").fields
    assert offered["name"] == "idm.properties"
    assert offered["text"].replace("\r\n", "\n") == typed
    nameless = site.browser.send(path, {**offered, "text": "hello"}, form_at=f"{_LIST}/new")
    assert nameless.status_code == 422
    assert form_with(nameless.text, "text").fields["text"] == "hello"
    kept = site.browser.send(path, offered, form_at=f"{_LIST}/new")
    assert "idm.properties is added" in said(kept.text)
    assert site.browser.get(f"{kept.url.path}/file").content == typed.encode()


def test_a_check_tells_findings_and_keeps_nothing(site: Site) -> None:
    path = _file(site)
    broken = IDM_TEMPLATE + "IF_NEVER_LISTED=MDS_Nothing\n"
    page = _save(site, path, broken, "1", action="check")
    assert "IF_NEVER_LISTED is defined but" in said(page.text)
    assert "IF_NEVER_LISTED" in form_with(page.text, "based_on").fields["text"]
    token = site.browser.csrf_token(path)
    answer = site.browser.http.post(f"{path}/check", data={"csrf_token": token, "text": broken})
    found = [each for each in answer.json()["findings"] if each["code"] == "defined_unlisted"]
    assert [each["line"] for each in found] == [broken.count("\n")]
    assert "IF_NEVER_LISTED" in answer.json()["panel"]
    assert "version 1" in site.browser.text(path)


@pytest.mark.parametrize("text", ["", "hello\n", "\0", "\ud800", "A" * 300_000, BOD_TEMPLATE])
def test_what_is_no_file_of_its_kind_is_told_and_what_was_typed_stays(
    site: Site, text: str
) -> None:
    path = _file(site)
    page = _save(site, path, text.encode("utf-8", "replace").decode(), "1")
    assert page.status_code in (413, 422)
    assert "version 1" in site.browser.text(path)


def test_of_two_people_who_save_at_once_the_second_sees_both_texts(site: Site) -> None:
    path = _file(site)
    _save(site, path, IDM_TEMPLATE + "# theirs\n", "1")
    second = _save(site, path, IDM_TEMPLATE + "# mine\n", "1")
    assert second.status_code == 409
    text = said(second.text)
    assert "ada has saved version 2 while you edited version 1" in text
    assert "# theirs" in text
    fields = form_with(second.text, "based_on").fields
    assert "# mine" in fields["text"], "nothing that was typed is lost"
    again = _save(site, path, fields["text"], fields["based_on"])
    assert "Version 3 is saved" in said(again.text)


def test_versions_are_compared_and_an_older_one_comes_back_as_a_new_one(site: Site) -> None:
    path = _file(site)
    _save(site, path, IDM_TEMPLATE + "# second\n", "1")
    versions = site.browser.text(f"{path}/versions")
    assert "Version 2" in versions
    assert "Mapping version added" in versions
    compared = site.browser.get(f"{path}/versions/compare?old=1&new=2").text
    assert re.search(r'<tr class="is-added">.*# second', compared)
    assert "Version 1" in site.browser.text(f"{path}/versions/1")
    asked = site.browser.text(f"{path}/versions/1/roll-back")
    assert "1 line goes" in asked
    done = said(site.browser.send(f"{path}/versions/1/roll-back").text)
    assert "Version 3 has the text of version 1 now" in done
    assert site.browser.get(f"{path}/file").text == IDM_TEMPLATE
    assert site.browser.get(f"{path}/versions/9").status_code == 404
    assert site.browser.get(f"{path}/versions/compare?old=x&new=99").status_code == 404


def test_a_version_that_blocks_activation_says_so_before_it_comes_back(site: Site) -> None:
    path = _file(site, IDM_TEMPLATE.replace("invoice_id", "invoice_idx"))
    _save(site, path, IDM_TEMPLATE, "1")
    assert "activation" in site.browser.text(f"{path}/versions/1/roll-back")
    assert "activation" not in site.browser.text(f"{path}/versions/2/roll-back")


def test_only_an_unused_file_can_be_deleted(site: Site) -> None:
    site.add_export(credential=site.credentials())
    used = re.search(rf"{_LIST}/map_\w+", site.browser.get(_LIST).text)
    assert used is not None
    refused = said(site.browser.get(f"{used[0]}/delete").text)
    assert "It is used by “Invoices to Infor”" in refused
    assert "is used by" in said(site.browser.send(f"{used[0]}/delete", form_at=used[0]).text)
    spare = _file(site, name="spare.properties")
    assert "Delete spare.properties?" in site.browser.text(f"{spare}/delete")
    assert "spare.properties is deleted" in said(site.browser.send(f"{spare}/delete").text)
    assert site.browser.get(spare).status_code == 404


def test_a_member_reads_but_changes_nothing(site: Site) -> None:
    path = _file(site)
    site.add_user("bob", None, OrganizationRole.USER)
    site.sign_in_as("bob")
    page = site.browser.get(path)
    assert page.status_code == 200
    assert "Save as version" not in page.text
    for address in (_UPLOAD, f"{_LIST}/new", f"{path}/delete", f"{path}/versions/1/roll-back"):
        assert site.browser.get(address).status_code == 403
    token = site.browser.csrf_token(path)
    data = {"csrf_token": token, "text": IDM_TEMPLATE + "#\n", "based_on": "1"}
    assert site.browser.http.post(path, data=data).status_code == 403


def test_the_editor_is_offered_keys_fields_and_terms(site: Site) -> None:
    words = site.browser.get(f"{_file(site)}/words").json()
    assert {"Index_Fields", "IF_invoice_id", "IF_BT-13"} <= {
        each["label"] for each in words["keys"]
    }
    values = {each["label"]: each["detail"] for each in words["values"]}
    assert values["BT-13"] == "Purchase order reference"
    assert "invoice_id" in values


def test_configurations_are_switched_to_a_version_with_what_follows_told(site: Site) -> None:
    export = str(site.add_export(credential=site.credentials()).url.path)
    found = re.search(rf"{_LIST}/map_\w+", site.browser.get(f"{_LIST}?kind=idm").text)
    assert found is not None
    path = found[0]
    text = site.browser.get(f"{path}/file").text
    saved = said(_save(site, path, text + "# second\n", "1").text)
    assert "1 configuration uses an older version" in saved
    asked = site.browser.text(f"{path}/versions/2/switch")
    assert "Invoices to Infor version 1" in asked
    assert "1 line comes, 0 lines go" in asked
    assert "No delivery is under way" in asked
    assert site.browser.send(f"{path}/versions/2/switch").status_code == 422
    foreign = site.browser.send(f"{path}/versions/2/switch", {"configuration": "cfg_elsewhere"})
    assert foreign.status_code == 422
    assert "none was switched" in foreign.text
    chosen = {"configuration": export.rpartition("/")[2]}
    done = said(site.browser.send(f"{path}/versions/2/switch", chosen).text)
    assert "1 configuration uses version 2 now" in done
    assert "uses an older version" not in site.browser.text(path)
    assert "No configuration uses another version" in site.browser.text(f"{path}/versions/2/switch")


def test_accepted_findings_do_not_hold_a_version_on_the_page_that_switches(site: Site) -> None:
    text = IDM_TEMPLATE.replace("Index_Fields=", "Index_Fields=nonsense,")
    path = _file(site, f"{text}\nIF_nonsense=Attribute\n")
    asked = f"{path}/versions/1/switch"
    assert "findings that hold it" in site.browser.text(asked)
    mappings = site.application.documents.mappings
    with site.application.database.write() as work:
        access = Access(work, site.organization, Actor.operator())
        version = mappings.latest_version(access, path.rpartition("/")[2])
        found = [each.identity for each in version.blocking()]
        mappings.accept(access, version.mapping_id, 1, found, "ours")
    assert "findings that hold it" not in site.browser.text(asked)


def test_a_quick_fix_mends_the_text_and_saves_nothing(site: Site) -> None:
    path = _file(site)
    broken = IDM_TEMPLATE + "IF_tax_amount=MDS_Tax\n"
    page = _save(site, path, broken, "1", action="check")
    button = re.search(r'value="(fix:\d+)"', page.text)
    assert button is not None
    mended = _save(site, path, broken, "1", action=button[1])
    text = form_with(mended.text, "based_on").fields["text"]
    assert re.search(r"^Index_Fields=.*tax_amount", text, re.MULTILINE)
    assert "IF_tax_amount is defined" not in said(mended.text)
    assert "version 1" in site.browser.text(path)
    assert _save(site, path, broken, "1", action="fix:999").status_code == 200
    assert _save(site, path, "nothing", "1", action="fix:1").status_code == 200


def test_a_line_that_blocks_is_mended_where_it_is_told(site: Site) -> None:
    broken = BOD_TEMPLATE.replace("lid://infor.ims.ionport_export", "lid://")
    files = [
        ("connection_file", ("x.ionapi", site.credentials())),
        ("bod_mapping_file", ("bod.properties", broken.encode())),
    ]
    fields = {"title": "Blocked", "document_type": "INVOICE", "idm_mapping": "template"}
    at = "/settings/export/new/infor-idm-bod"
    page = site.browser.send(at, fields, files=files)
    path = str(page.url.path)
    form = form_with(page.text, "line").fields
    assert form["text"] == "SFV_LogicalID=lid://"
    blocked = site.browser.send(f"{path}/activate", form_at=path).text
    assert f'href="{path}#bod_mapping"' in blocked
    assert 'id="bod_mapping"' in blocked, "the link leads to the lines that block"
    refused = said(site.browser.send(f"{path}/mend", {**form, "text": "a\nb"}, form_at=path).text)
    assert "Enter one line" in refused
    mended = {**form, "text": "SFV_LogicalID=lid://infor.ims.mine"}
    done = said(site.browser.send(f"{path}/mend", mended, form_at=path).text)
    assert "bod.properties is saved as version 2, which the configuration uses now" in done
    assert "Blocks activation" not in done
    late = said(site.browser.send(f"{path}/mend", {**mended, "text": "x=1"}, form_at=path).text)
    assert "ada has saved version 2 while you edited version 1" in late
    nothing = site.browser.send(f"{path}/mend", {**form, "kind": "ln"}, form_at=path)
    assert nothing.status_code == 404


def test_what_holds_a_version_is_accepted_once_with_a_reason(site: Site) -> None:
    broken = re.sub(r"(?m)^IF_correlation_id=.*\n", "", IDM_TEMPLATE)
    path = _file(site, broken)
    shown = site.browser.get(f"{path}/versions/1")
    link = re.search(r'href="([^"]*/accept\?finding=no_correlation_id[^"]*)"', shown.text)
    assert link is not None
    assert "Accept the finding?" in site.browser.text(link[1])
    assert site.browser.send(link[1], {"reason": " "}).status_code == 422
    done = said(site.browser.send(link[1], {"reason": "the test system has no look-up"}).text)
    assert "The finding is accepted" in done
    assert site.browser.get(f"{path}/versions/1/accept?finding=nothing").status_code == 404


def test_an_acceptance_is_told_where_the_finding_is_and_can_be_withdrawn(site: Site) -> None:
    path = _file(site, re.sub(r"(?m)^IF_correlation_id=.*\n", "", IDM_TEMPLATE))
    before = site.browser.get(path).text
    assert "Blocks activation" in said(before)
    link = re.search(r'href="([^"]*/accept\?finding=no_correlation_id[^"]*)"', before)
    assert link is not None
    site.browser.send(link[1], {"reason": "the test system has no look-up"})
    for address in (path, f"{path}/versions/1"):
        shown = site.browser.get(address).text
        assert "Blocks activation" not in said(shown)
        assert "Accepted by ada" in said(shown)
        assert "the test system has no look-up" in said(shown)
    assert "Finding about a mapping accepted" in site.browser.text(f"{path}/versions")
    back = re.search(r'href="([^"]*/accepted/remove\?finding=[^"]*)"', shown)
    assert back is not None
    assert "Withdraw the acceptance?" in site.browser.text(back[1])
    assert "The acceptance is withdrawn" in said(site.browser.send(back[1], {}).text)
    assert "Blocks activation" in site.browser.text(path)
    assert site.browser.get(back[1]).status_code == 404
