"""Users, groups, the organization and its audit log, as an administrator uses their pages."""

from __future__ import annotations

import csv
import re
from datetime import datetime, timedelta

import pytest

from ionport.documents.bulk.model import BulkAuditAction
from ionport.documents.retention.model import RetentionAction
from ionport.documents.review.decisions.recording import DecisionAction
from ionport.exports.configurations.model import ConfigurationAction
from ionport.identity.access import Access
from ionport.identity.groups.model import GroupAction
from ionport.identity.model import (
    Actor,
    MembershipAction,
    Organization,
    OrganizationRole,
    TenantRole,
    UserAction,
)
from ionport.identity.repository import OrganizationRepository
from ionport.store import SystemScope
from tests.support.web import PASSWORD, said
from tests.support.whole import Desk

USERS, GROUPS, LOG = "/settings/users", "/settings/groups", "/settings/audit-log"


def _add_group(desk: Desk, name: str = "Readers", grant: str = "see:") -> str:
    answer = desk.browser.send(f"{GROUPS}/add", {"name": name, "grant": grant})
    assert answer.status_code == 200, said(answer.text)
    found = re.search(rf'href="{GROUPS}/(grp_\w+)">{name}<', desk.browser.get(GROUPS).text)
    assert found is not None
    return found[1]


def _add_organization(desk: Desk, *user_ids: str) -> str:
    with desk.application.database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"),
            Organization("org_other", "Müller & Söhne", None),
            desk.application.clock.now(),
        )
        for user_id in user_ids:
            desk.application.identity.set_organization_role(
                work, Actor.operator(), user_id, "org_other", OrganizationRole.USER
            )
    return "org_other"


def _ada(desk: Desk) -> str:
    return _id_of(desk, "ada")


def _id_of(desk: Desk, name: str) -> str:
    with desk.application.database.read() as work:
        user = desk.application.identity.find_user(work, name)
    assert user is not None
    return user.id


def test_rights_that_end_a_link_say_so(desk: Desk) -> None:
    added = {"username": "carl", "role": OrganizationRole.USER.value}
    assert "/set-password/" in desk.browser.send(f"{USERS}/add", added).text
    page = f"{USERS}/{_id_of(desk, 'carl')}"
    given = {f"tenant:{desk.tenant.tenant_id}": TenantRole.USER.value}
    for told in ("has ended: make a new one", "They hold from now on"):
        answer = desk.browser.send(f"{page}/rights", given, form_at=page)
        assert told in said(answer.text)


def test_one_form_gives_roles_and_groups(desk: Desk) -> None:
    bob = desk.add_user("bob", None, OrganizationRole.USER)
    group, own = _add_group(desk), desk.organization.organization_id
    page = f"{USERS}/{bob}"
    sent = {
        f"tenant:{desk.tenant.tenant_id}": TenantRole.USER.value,
        f"organization:{own}": OrganizationRole.USER.value,
        f"groups:{own}": group,
    }
    answer = desk.browser.send(f"{page}/rights", sent, form_at=page)
    assert "The rights are saved" in said(answer.text)
    assert "Put into a group: Readers" in said(answer.text)
    assert re.search(rf'value="{group}" checked', answer.text)
    assert f"Readers {TenantRole.USER.label} enabled" in desk.browser.text(USERS)
    # The same form stands on the page of the Infor side.
    infor = desk.browser.get(f"/ion-api/{desk.tenant.tenant_id}/users/{bob}").text
    assert re.search(rf'value="{group}" checked', infor)
    assert "1 see every type" not in desk.browser.text(GROUPS)
    assert "Readers 1 See every type" in desk.browser.text(GROUPS)


def test_one_list_has_the_people_of_both_sides_and_one_form_adds_to_both(desk: Desk) -> None:
    tenant = desk.tenant.tenant_id
    infor = desk.add_user("ines", organization_role=None)
    document = desk.add_user("dora", None, OrganizationRole.USER)
    listed = desk.browser.get(USERS).text
    assert f'href="/ion-api/{tenant}/users/{infor}"' in listed
    assert f'href="{USERS}/{document}"' in listed
    new = {"username": "bea", "full_name": "Bea", "email": "", "role": "user"}
    answer = desk.browser.send(f"{USERS}/add", {**new, f"tenant:{tenant}": "no such role"})
    assert answer.status_code == 422
    role = {f"tenant:{tenant}": TenantRole.IONAPI_ADMINISTRATOR.value, "tenant:other": "user"}
    assert "/set-password/" in desk.browser.send(f"{USERS}/add", {**new, **role}).text
    bea = _id_of(desk, "bea")
    assert desk.browser.get(f"{USERS}/{bea}").status_code == 200
    assert desk.browser.get(f"/ion-api/{tenant}/users/{bea}").status_code == 200
    own = {f"organization:{desk.organization.organization_id}": "user"}
    new = {**new, "username": "iris"}
    desk.browser.send(f"/ion-api/{tenant}/users/add", {**new, **own})
    assert desk.browser.get(f"{USERS}/{_id_of(desk, 'iris')}").status_code == 200
    # Who administers no tenant sees and gives nothing there.
    desk.add_user("alma", None, OrganizationRole.ADMINISTRATOR)
    desk.sign_in_as("alma")
    listed = desk.browser.get(USERS).text
    assert infor not in listed
    assert f"tenant:{tenant}" not in desk.browser.get(f"{USERS}/add").text
    new = {**new, "username": "carl", **role}
    assert desk.browser.send(f"{USERS}/add", new).status_code == 200
    desk.sign_in_as("ada")
    assert desk.browser.get(f"/ion-api/{tenant}/users/{_id_of(desk, 'carl')}").status_code == 404


def test_a_person_leaves_the_organization_by_the_page(desk: Desk) -> None:
    bob = desk.add_user("bob", None, OrganizationRole.USER)
    assert "Remove bob from the organization?" in desk.browser.text(f"{USERS}/{bob}/remove")
    answer = desk.browser.send(f"{USERS}/{bob}/remove")
    assert "bob no longer belongs to the organization" in said(answer.text)
    assert desk.browser.get(f"{USERS}/{bob}").status_code == 404
    ada = _ada(desk)
    answer = desk.browser.send(f"{USERS}/{ada}/remove")
    assert answer.status_code == 409
    own = f"organization:{desk.organization.organization_id}"
    answer = desk.browser.send(f"{USERS}/{ada}/rights", {own: "user"}, form_at=f"{USERS}/{ada}")
    assert answer.status_code == 409
    assert "only administrator of the organization" in said(answer.text)


def test_a_user_of_this_organization_alone_gets_a_password_link_from_its_administrator(
    desk: Desk,
) -> None:
    alone, both = desk.add_user("alone", None, OrganizationRole.USER), desk.add_user("both")
    page = desk.browser.get(f"{USERS}/{alone}").text
    assert f'href="{USERS}/{alone}/password"' in page
    wrong = desk.browser.send(f"{USERS}/{alone}/password", {"password": "not mine"})
    assert wrong.status_code == 422
    fields = {"password": PASSWORD.reveal()}
    made = desk.browser.send(f"{USERS}/{alone}/password", fields)
    link = re.search(r"/set-password/[\w-]+", made.text)
    assert link is not None
    new = "another good password"
    desk.browser.http.cookies.clear()
    desk.browser.send(link[0], {"new_password": new, "repeated": new})
    assert "alone" in desk.browser.text("/account")
    desk.sign_in_as("ada")
    assert f"{USERS}/{both}/password" not in desk.browser.get(f"{USERS}/{both}").text
    refused = desk.browser.send(f"{USERS}/{both}/password", fields)
    assert refused.status_code == 409
    assert "belongs elsewhere too" in said(refused.text)


@pytest.mark.parametrize("value", ["king", "IONAPI-Administrator"])
def test_a_role_that_is_none_is_refused(desk: Desk, value: str) -> None:
    bob = desk.add_user("bob", None, OrganizationRole.USER)
    own = f"organization:{desk.organization.organization_id}"
    answer = desk.browser.send(f"{USERS}/{bob}/rights", {own: value}, form_at=f"{USERS}/{bob}")
    assert answer.status_code == 422


def test_a_group_is_made_changed_and_deleted_by_its_page(desk: Desk) -> None:
    assert "No group yet" in desk.browser.text(GROUPS)
    group = _add_group(desk, grant="export:INVOICE")
    page = desk.browser.get(f"{GROUPS}/{group}").text
    assert re.search(r'value="export:INVOICE" checked', page)
    assert re.search(r'value="see:INVOICE" checked', page)
    assert not re.search(r'value="see:" checked', page)
    # On a phone the types of a permission are folded where none of them is ticked by itself.
    folds = re.findall(r'class="by-type"><input type="checkbox"( checked)?>', page)
    assert folds.count(" checked") == 2 < len(folds)
    sent = {"name": "Clerks", "grant": "decide:"}
    answer = desk.browser.send(f"{GROUPS}/{group}", sent)
    assert "Clerks is saved" in said(answer.text)
    taken = desk.browser.send(f"{GROUPS}/add", {"name": "CLERKS", "grant": "king:"})
    assert taken.status_code == 422
    assert 'id="name-error"' in taken.text
    assert "Delete the group Clerks?" in desk.browser.text(f"{GROUPS}/{group}/delete")
    assert "The group is deleted" in said(desk.browser.send(f"{GROUPS}/{group}/delete").text)
    assert desk.browser.get(f"{GROUPS}/{group}").status_code == 404


def test_a_change_of_a_group_over_another_one_is_told(desk: Desk) -> None:
    group = _add_group(desk)
    shown = desk.browser.hidden(f"{GROUPS}/{group}")
    desk.browser.send(f"{GROUPS}/{group}", {"name": "Clerks", "grant": "see:"})
    answer = desk.browser.http.post(
        f"{GROUPS}/{group}", data={**shown, "name": "Others", "grant": "see:"}
    )
    assert answer.status_code == 409
    assert "ada" in said(answer.text)


def test_a_person_of_two_organizations_changes_between_them(desk: Desk) -> None:
    first = desk.browser.get("/documents").text
    assert "organization-menu" not in first
    other = _add_organization(desk, _ada(desk))
    own = desk.organization.organization_id
    answer = desk.browser.send("/organization", {"organization": other}, form_at="/documents")
    assert answer.url.path == "/dashboard"
    assert "Müller & Söhne" in said(answer.text)
    # No administrator there, so nothing that only one may see.
    assert USERS not in desk.browser.get("/settings").text
    assert desk.browser.get(USERS).status_code == 403
    desk.browser.send("/organization", {"organization": own}, form_at="/documents")
    assert desk.browser.get(USERS).status_code == 200


def test_nobody_changes_to_an_organization_of_others(desk: Desk) -> None:
    other = _add_organization(desk)
    for wanted in (other, "org_none", "", "\x00"):
        answer = desk.browser.send("/organization", {"organization": wanted}, form_at="/documents")
        assert answer.status_code in (404, 422)
    # A cookie that says so counts for nothing either.
    port = desk.browser.http.base_url.port
    desk.browser.http.cookies.set(f"ionport_organization_{port}", other)
    assert "Müller" not in desk.browser.text("/dashboard")


def test_the_organization_is_renamed(desk: Desk) -> None:
    page = "/settings/organization"
    assert "Export configurations" in desk.browser.text(page)
    assert 'id="name-error"' in desk.browser.send(page, {"name": " "}).text
    answer = desk.browser.send(page, {"name": "Acme Ltd"})
    assert "The organization is saved" in said(answer.text)
    assert "Organization renamed" in said(answer.text)
    assert "Acme Ltd" in desk.browser.text("/dashboard")


def test_times_and_days_are_those_of_the_organizations_time_zone(desk: Desk) -> None:
    page, files = "/settings/organization", "/documents"
    desk.upload("demo-invoice-ubl.xml")
    assert "<time datetime" in desk.browser.get(files).text
    for wrong in ("Mars/Olympus", "Etc/GMT+5", "../etc/passwd"):
        answer = desk.browser.send(page, {"name": "Acme", "time_zone": wrong})
        assert 'id="time_zone-error"' in answer.text, wrong
    desk.browser.send(page, {"name": "Acme", "time_zone": "Pacific/Kiritimati"})
    assert "Time zone of the organization set" in desk.browser.text(LOG)
    shown = desk.browser.get(files).text
    found = re.search(r'<time datetime="([^"]+)" title="\+14" data-local>([^<]+)<', shown)
    assert found is not None
    there = datetime.fromisoformat(found[1])
    assert there.utcoffset() == timedelta(hours=14)
    assert f"{there:%d.%m.%Y %H:%M:%S}" == found[2]
    day = there.date()
    for first, is_found in ((day, True), (day + timedelta(days=1), False)):
        query = f"?time=custom&from={first}&to={first}"
        assert (".xml" in desk.browser.text(files + query)) is is_found
    assert "data-local" not in desk.browser.get(f"/ion-api/{desk.tenant.tenant_id}/users").text
    for day_text in ("0001-01-01", "9999-12-31"):
        for path in (files, LOG):
            query = f"?time=custom&from={day_text}&to={day_text}"
            assert desk.browser.get(path + query).status_code == 200


def test_the_audit_log_is_searched_paged_and_saved(desk: Desk) -> None:
    with desk.application.database.write() as work:
        for number in range(120):
            actor = Actor("usr_x", "=evil()" if number == 7 else "mia", address="192.0.2.1")
            desk.application.audit.record(
                Access(work, desk.organization, actor),
                UserAction.CREATED,
                f"usr_{number:03}",
                {"name": f"Jörg {number}"},
            )
    first = desk.browser.get(f"{LOG}?action=user.created").text
    assert "User added" in first
    assert first.count("<tr>") == 51
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = desk.browser.get(older[1].replace("&amp;", "&")).text
    assert "usr_069" in second
    assert "usr_070" not in second
    assert said(desk.browser.get(f"{LOG}?q=J%C3%B6rg+42").text).count("Jörg 42 ") >= 1
    assert "Jörg 7 " in desk.browser.text(f"{LOG}?person=%3Devil()")
    assert "Nothing matches" in desk.browser.text(f"{LOG}?q=100%25_")
    assert "Nothing matches" in desk.browser.text(f"{LOG}?to=2001-01-01")
    assert "Nothing matches" not in desk.browser.text(f"{LOG}?from=2001-01-01&to=9999-12-31")
    file = desk.browser.get(f"{LOG}.csv?q=J%C3%B6rg")
    assert file.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(file.content.decode("utf-8-sig").splitlines()))
    assert len(rows) == 121
    assert "'=evil()" in {row[1] for row in rows}
    bad = ("after=x", "after=9999-12-31T23:59:59%2B00:00~x", "after=0001-01-01T00:00:00%2B14:00~a")
    for query in (*bad, "from=x", "to=0000", "action=none", "q=%ff"):
        assert desk.browser.get(f"{LOG}?{query}").status_code == 200


def test_the_audit_log_tells_names_and_words(desk: Desk) -> None:
    document_id = desk.document_id()
    desk.browser.send(f"/documents/{document_id}/decide/reject", {"reason": "not ours"})
    told = (
        (BulkAuditAction.STARTED, "bulk_1", {"action": "judge", "documents": "3"}),
        (GroupAction.CREATED, "grp_1", {"name": "Clerks", "grants": "re_export, see INVOICE, odd"}),
        (RetentionAction.CHANGED, "INVOICE", {"INVOICE": "for ever → 10 years"}),
        (MembershipAction.SET, desk.add_user("bob"), {"role": "administrator"}),
        (ConfigurationAction.ACTIVATED, "exp_1", {"title": "To M3", "proof": "unproved"}),
        (DecisionAction.REJECTED, "doc_foreign", {"reason": "\x7f <b>"}),
    )
    with desk.application.database.write() as work:
        for action, subject, details in told:
            access = Access(work, desk.organization, Actor("usr_x", "mia"))
            desk.application.audit.record(access, action, subject, details)
    page = desk.browser.get(LOG).text
    assert re.search(rf'<a href="/documents/{document_id}">[^<]+\.xml</a>', page)
    assert ">Clerks</a>" in page
    assert "/documents/doc_foreign" not in page
    assert re.search(r'<a href="/documents/bulk/bulk_1">Check again</a>', page)
    assert ">bob</a>" in page
    text = said(page)
    assert "Proof: Unproved" in text
    assert "Role: Administrator" in text
    assert "Permissions: Re-export, See (Invoice), odd" in text
    assert "Invoice: for ever → 10 years" in text
    for code in ("action judge", "re_export", "INVOICE for", "documents.list_file"):
        assert code not in text, code


def test_an_audit_log_is_its_administrators(desk: Desk) -> None:
    desk.add_user("bob")
    tenant_log = f"/ion-api/{desk.tenant.tenant_id}/audit-log"
    assert desk.browser.get(tenant_log).status_code == 200
    assert desk.browser.get(f"{tenant_log}.csv").status_code == 200
    desk.sign_in_as("bob")
    for path in (LOG, f"{LOG}.csv", tenant_log, f"{tenant_log}.csv", USERS, GROUPS):
        assert desk.browser.get(path).status_code == 403, path
    assert desk.browser.get("/settings/organization").status_code == 403
    page = desk.browser.get("/settings").text
    for path in (LOG, USERS, GROUPS, "/settings/organization", "/settings/api-keys"):
        assert path not in page


def test_an_administrator_adds_a_user_who_chooses_a_password_by_a_link(desk: Desk) -> None:
    group = _add_group(desk, grant="see:INVOICE")
    fields = {"username": "cleo", "full_name": "Cleo Example", "role": "user", "group": group}
    answer = desk.browser.send(f"{USERS}/add", fields)
    assert "cleo is added" in said(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    link = re.search(r"/set-password/[\w-]+", answer.text)
    assert link is not None
    assert "cleo Cleo Example" in desk.browser.text(USERS)
    taken = desk.browser.send(f"{USERS}/add", fields)
    assert taken.status_code == 422
    assert 'id="username-error"' in taken.text
    desk.browser.http.cookies.clear()
    password = PASSWORD.reveal()
    desk.browser.send(link[0], {"new_password": password, "repeated": password})
    assert desk.browser.get("/documents").status_code == 200
    assert desk.browser.get(f"{USERS}/add").status_code == 403
    assert "Infor side" not in desk.browser.text("/documents")
    desk.sign_in_as("ada")
    desk.browser.send(f"{USERS}/{_id_of(desk, 'cleo')}/remove")
    desk.sign_in_as("cleo")
    assert 'href="/documents"' not in desk.browser.get("/account").text


def test_a_user_is_put_into_no_group_of_another_organization(desk: Desk) -> None:
    fields = {"username": "cleo", "full_name": "", "role": "user", "group": "grp_other"}
    assert desk.browser.send(f"{USERS}/add", fields).status_code == 404
    assert "cleo" not in desk.browser.text(USERS)
