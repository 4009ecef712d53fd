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
from tests.support.whole import Site

USERS, GROUPS, LOG = "/settings/users", "/settings/groups", "/settings/audit-log"


def _add_group(site: Site, name: str = "Readers", grant: str = "see:") -> str:
    answer = site.browser.send(f"{GROUPS}/add", {"name": name, "grant": grant})
    assert answer.status_code == 200, said(answer.text)
    found = re.search(rf'href="{GROUPS}/(grp_\w+)">{name}<', site.browser.get(GROUPS).text)
    assert found is not None
    return found[1]


def _add_organization(site: Site, *user_ids: str) -> str:
    with site.application.database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"),
            Organization("org_other", "Müller & Söhne", None),
            site.application.clock.now(),
        )
        for user_id in user_ids:
            site.application.identity.set_organization_role(
                work, Actor.operator(), user_id, "org_other", OrganizationRole.USER
            )
    return "org_other"


def _ada(site: Site) -> str:
    return _id_of(site, "ada")


def _id_of(site: Site, name: str) -> str:
    with site.application.database.read() as work:
        user = site.application.identity.find_user(work, name)
    assert user is not None
    return user.id


def test_rights_that_end_a_link_say_so(site: Site) -> None:
    added = {"username": "carl", "role": OrganizationRole.USER.value}
    assert "/set-password/" in site.browser.send(f"{USERS}/add", added).text
    page = f"{USERS}/{_id_of(site, 'carl')}"
    given = {f"tenant:{site.tenant.tenant_id}": TenantRole.USER.value}
    for told in ("has ended: make a new one", "They hold from now on"):
        answer = site.browser.send(f"{page}/rights", given, form_at=page)
        assert told in said(answer.text)


def test_one_form_gives_roles_and_groups(site: Site) -> None:
    bob = site.add_user("bob", None, OrganizationRole.USER)
    group, own = _add_group(site), site.organization.organization_id
    page = f"{USERS}/{bob}"
    sent = {
        f"tenant:{site.tenant.tenant_id}": TenantRole.USER.value,
        f"organization:{own}": OrganizationRole.USER.value,
        f"groups:{own}": group,
    }
    answer = site.browser.send(f"{page}/rights", sent, form_at=page)
    assert "The rights are saved" in said(answer.text)
    assert "Put into a group: Readers" in said(answer.text)
    assert re.search(rf'value="{group}" checked', answer.text)
    assert f"Readers {TenantRole.USER.label} enabled" in site.browser.text(USERS)
    # The same form stands on the page of the Infor side.
    infor = site.browser.get(f"/ion-api/{site.tenant.tenant_id}/users/{bob}").text
    assert re.search(rf'value="{group}" checked', infor)
    assert "1 see every type" not in site.browser.text(GROUPS)
    assert "Readers 1 See every type" in site.browser.text(GROUPS)


def test_one_list_has_the_people_of_both_sides_and_one_form_adds_to_both(site: Site) -> None:
    tenant = site.tenant.tenant_id
    infor = site.add_user("ines", organization_role=None)
    document = site.add_user("dora", None, OrganizationRole.USER)
    listed = site.browser.get(USERS).text
    assert f'href="/ion-api/{tenant}/users/{infor}"' in listed
    assert f'href="{USERS}/{document}"' in listed
    new = {"username": "bea", "full_name": "Bea", "email": "", "role": "user"}
    answer = site.browser.send(f"{USERS}/add", {**new, f"tenant:{tenant}": "no such role"})
    assert answer.status_code == 422
    role = {f"tenant:{tenant}": TenantRole.IONAPI_ADMINISTRATOR.value, "tenant:other": "user"}
    assert "/set-password/" in site.browser.send(f"{USERS}/add", {**new, **role}).text
    bea = _id_of(site, "bea")
    assert site.browser.get(f"{USERS}/{bea}").status_code == 200
    assert site.browser.get(f"/ion-api/{tenant}/users/{bea}").status_code == 200
    own = {f"organization:{site.organization.organization_id}": "user"}
    new = {**new, "username": "iris"}
    site.browser.send(f"/ion-api/{tenant}/users/add", {**new, **own})
    assert site.browser.get(f"{USERS}/{_id_of(site, 'iris')}").status_code == 200
    # Who administers no tenant sees and gives nothing there.
    site.add_user("alma", None, OrganizationRole.ADMINISTRATOR)
    site.sign_in_as("alma")
    listed = site.browser.get(USERS).text
    assert infor not in listed
    assert f"tenant:{tenant}" not in site.browser.get(f"{USERS}/add").text
    new = {**new, "username": "carl", **role}
    assert site.browser.send(f"{USERS}/add", new).status_code == 200
    site.sign_in_as("ada")
    assert site.browser.get(f"/ion-api/{tenant}/users/{_id_of(site, 'carl')}").status_code == 404


def test_a_person_leaves_the_organization_by_the_page(site: Site) -> None:
    bob = site.add_user("bob", None, OrganizationRole.USER)
    assert "Remove bob from the organization?" in site.browser.text(f"{USERS}/{bob}/remove")
    answer = site.browser.send(f"{USERS}/{bob}/remove")
    assert "bob no longer belongs to the organization" in said(answer.text)
    assert site.browser.get(f"{USERS}/{bob}").status_code == 404
    ada = _ada(site)
    answer = site.browser.send(f"{USERS}/{ada}/remove")
    assert answer.status_code == 409
    own = f"organization:{site.organization.organization_id}"
    answer = site.browser.send(f"{USERS}/{ada}/rights", {own: "user"}, form_at=f"{USERS}/{ada}")
    assert answer.status_code == 409
    assert "only administrator of the organization" in said(answer.text)


def test_a_user_of_this_organization_alone_gets_a_password_link_from_its_administrator(
    site: Site,
) -> None:
    alone, both = site.add_user("alone", None, OrganizationRole.USER), site.add_user("both")
    page = site.browser.get(f"{USERS}/{alone}").text
    assert f'href="{USERS}/{alone}/password"' in page
    wrong = site.browser.send(f"{USERS}/{alone}/password", {"password": "not mine"})
    assert wrong.status_code == 422
    fields = {"password": PASSWORD.reveal()}
    made = site.browser.send(f"{USERS}/{alone}/password", fields)
    link = re.search(r"/set-password/[\w-]+", made.text)
    assert link is not None
    new = "another good password"
    site.browser.http.cookies.clear()
    site.browser.send(link[0], {"new_password": new, "repeated": new})
    assert "alone" in site.browser.text("/account")
    site.sign_in_as("ada")
    assert f"{USERS}/{both}/password" not in site.browser.get(f"{USERS}/{both}").text
    refused = site.browser.send(f"{USERS}/{both}/password", fields)
    assert refused.status_code == 409
    assert "belongs elsewhere too" in said(refused.text)


@pytest.mark.parametrize("value", ["king", "IONAPI-Administrator"])
def test_a_role_that_is_none_is_refused(site: Site, value: str) -> None:
    bob = site.add_user("bob", None, OrganizationRole.USER)
    own = f"organization:{site.organization.organization_id}"
    answer = site.browser.send(f"{USERS}/{bob}/rights", {own: value}, form_at=f"{USERS}/{bob}")
    assert answer.status_code == 422


def test_a_group_is_made_changed_and_deleted_by_its_page(site: Site) -> None:
    assert "No group yet" in site.browser.text(GROUPS)
    group = _add_group(site, grant="export:INVOICE")
    page = site.browser.get(f"{GROUPS}/{group}").text
    assert re.search(r'value="export:INVOICE" checked', page)
    assert re.search(r'value="see:INVOICE" checked', page)
    assert not re.search(r'value="see:" checked', page)
    # On a phone the types of a permission are folded where none of them is ticked by itself.
    folds = re.findall(r'class="by-type"><input type="checkbox"( checked)?>', page)
    assert folds.count(" checked") == 2 < len(folds)
    sent = {"name": "Clerks", "grant": "decide:"}
    answer = site.browser.send(f"{GROUPS}/{group}", sent)
    assert "Clerks is saved" in said(answer.text)
    taken = site.browser.send(f"{GROUPS}/add", {"name": "CLERKS", "grant": "king:"})
    assert taken.status_code == 422
    assert 'id="name-error"' in taken.text
    assert "Delete the group Clerks?" in site.browser.text(f"{GROUPS}/{group}/delete")
    assert "The group is deleted" in said(site.browser.send(f"{GROUPS}/{group}/delete").text)
    assert site.browser.get(f"{GROUPS}/{group}").status_code == 404


def test_a_change_of_a_group_over_another_one_is_told(site: Site) -> None:
    group = _add_group(site)
    shown = site.browser.hidden(f"{GROUPS}/{group}")
    site.browser.send(f"{GROUPS}/{group}", {"name": "Clerks", "grant": "see:"})
    answer = site.browser.http.post(
        f"{GROUPS}/{group}", data={**shown, "name": "Others", "grant": "see:"}
    )
    assert answer.status_code == 409
    assert "ada" in said(answer.text)


def test_a_person_of_two_organizations_changes_between_them(site: Site) -> None:
    first = site.browser.get("/documents").text
    assert "organization-menu" not in first
    other = _add_organization(site, _ada(site))
    own = site.organization.organization_id
    answer = site.browser.send("/organization", {"organization": other}, form_at="/documents")
    assert answer.url.path == "/dashboard"
    assert "Müller & Söhne" in said(answer.text)
    # No administrator there, so nothing that only one may see.
    assert USERS not in site.browser.get("/settings").text
    assert site.browser.get(USERS).status_code == 403
    site.browser.send("/organization", {"organization": own}, form_at="/documents")
    assert site.browser.get(USERS).status_code == 200


def test_nobody_changes_to_an_organization_of_others(site: Site) -> None:
    other = _add_organization(site)
    for wanted in (other, "org_none", "", "\x00"):
        answer = site.browser.send("/organization", {"organization": wanted}, form_at="/documents")
        assert answer.status_code in (404, 422)
    # A cookie that says so counts for nothing either.
    port = site.browser.http.base_url.port
    site.browser.http.cookies.set(f"ionport_organization_{port}", other)
    assert "Müller" not in site.browser.text("/dashboard")


def test_the_organization_is_renamed(site: Site) -> None:
    page = "/settings/organization"
    assert "Export configurations" in site.browser.text(page)
    assert 'id="name-error"' in site.browser.send(page, {"name": " "}).text
    answer = site.browser.send(page, {"name": "Acme Ltd"})
    assert "The organization is saved" in said(answer.text)
    assert "Organization renamed" in said(answer.text)
    assert "Acme Ltd" in site.browser.text("/dashboard")


def test_times_and_days_are_those_of_the_organizations_time_zone(site: Site) -> None:
    page, files = "/settings/organization", "/documents"
    site.upload("demo-invoice-ubl.xml")
    assert "<time datetime" in site.browser.get(files).text
    for wrong in ("Mars/Olympus", "Etc/GMT+5", "../etc/passwd"):
        answer = site.browser.send(page, {"name": "Acme", "time_zone": wrong})
        assert 'id="time_zone-error"' in answer.text, wrong
    site.browser.send(page, {"name": "Acme", "time_zone": "Pacific/Kiritimati"})
    assert "Time zone of the organization set" in site.browser.text(LOG)
    shown = site.browser.get(files).text
    found = re.search(r'<time datetime="([^"]+)" title="\+14" data-local>([^<]+)<', shown)
    assert found is not None
    there = datetime.fromisoformat(found[1])
    assert there.utcoffset() == timedelta(hours=14)
    assert f"{there:%d.%m.%Y %H:%M:%S}" == found[2]
    day = there.date()
    for first, is_found in ((day, True), (day + timedelta(days=1), False)):
        query = f"?time=custom&from={first}&to={first}"
        assert (".xml" in site.browser.text(files + query)) is is_found
    assert "data-local" not in site.browser.get(f"/ion-api/{site.tenant.tenant_id}/users").text
    for day_text in ("0001-01-01", "9999-12-31"):
        for path in (files, LOG):
            query = f"?time=custom&from={day_text}&to={day_text}"
            assert site.browser.get(path + query).status_code == 200


def test_the_audit_log_is_searched_paged_and_saved(site: Site) -> None:
    with site.application.database.write() as work:
        for number in range(120):
            actor = Actor("usr_x", "=evil()" if number == 7 else "mia", address="192.0.2.1")
            site.application.audit.record(
                Access(work, site.organization, actor),
                UserAction.CREATED,
                f"usr_{number:03}",
                {"name": f"Jörg {number}"},
            )
    first = site.browser.get(f"{LOG}?action=user.created").text
    assert "User added" in first
    assert first.count("<tr>") == 51
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = site.browser.get(older[1].replace("&amp;", "&")).text
    assert "usr_069" in second
    assert "usr_070" not in second
    assert said(site.browser.get(f"{LOG}?q=J%C3%B6rg+42").text).count("Jörg 42 ") >= 1
    assert "Jörg 7 " in site.browser.text(f"{LOG}?person=%3Devil()")
    assert "Nothing matches" in site.browser.text(f"{LOG}?q=100%25_")
    assert "Nothing matches" in site.browser.text(f"{LOG}?to=2001-01-01")
    assert "Nothing matches" not in site.browser.text(f"{LOG}?from=2001-01-01&to=9999-12-31")
    file = site.browser.get(f"{LOG}.csv?q=J%C3%B6rg")
    assert file.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(file.content.decode("utf-8-sig").splitlines()))
    assert len(rows) == 121
    assert "'=evil()" in {row[1] for row in rows}
    bad = ("after=x", "after=9999-12-31T23:59:59%2B00:00~x", "after=0001-01-01T00:00:00%2B14:00~a")
    for query in (*bad, "from=x", "to=0000", "action=none", "q=%ff"):
        assert site.browser.get(f"{LOG}?{query}").status_code == 200


def test_the_audit_log_tells_names_and_words(site: Site) -> None:
    document_id = site.document_id()
    site.browser.send(f"/documents/{document_id}/decide/reject", {"reason": "not ours"})
    told = (
        (BulkAuditAction.STARTED, "bulk_1", {"action": "judge", "documents": "3"}),
        (GroupAction.CREATED, "grp_1", {"name": "Clerks", "grants": "re_export, see INVOICE, odd"}),
        (RetentionAction.CHANGED, "INVOICE", {"INVOICE": "for ever → 10 years"}),
        (MembershipAction.SET, site.add_user("bob"), {"role": "administrator"}),
        (ConfigurationAction.ACTIVATED, "exp_1", {"title": "To M3", "proof": "unproved"}),
        (DecisionAction.REJECTED, "doc_foreign", {"reason": "\x7f <b>"}),
    )
    with site.application.database.write() as work:
        for action, subject, details in told:
            access = Access(work, site.organization, Actor("usr_x", "mia"))
            site.application.audit.record(access, action, subject, details)
    page = site.browser.get(LOG).text
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


def test_an_audit_log_is_its_administrators(site: Site) -> None:
    site.add_user("bob")
    tenant_log = f"/ion-api/{site.tenant.tenant_id}/audit-log"
    assert site.browser.get(tenant_log).status_code == 200
    assert site.browser.get(f"{tenant_log}.csv").status_code == 200
    site.sign_in_as("bob")
    for path in (LOG, f"{LOG}.csv", tenant_log, f"{tenant_log}.csv", USERS, GROUPS):
        assert site.browser.get(path).status_code == 403, path
    assert site.browser.get("/settings/organization").status_code == 403
    page = site.browser.get("/settings").text
    for path in (LOG, USERS, GROUPS, "/settings/organization", "/settings/api-keys"):
        assert path not in page


def test_an_administrator_adds_a_user_who_chooses_a_password_by_a_link(site: Site) -> None:
    group = _add_group(site, grant="see:INVOICE")
    fields = {"username": "cleo", "full_name": "Cleo Example", "role": "user", "group": group}
    answer = site.browser.send(f"{USERS}/add", fields)
    assert "cleo is added" in said(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    link = re.search(r"/set-password/[\w-]+", answer.text)
    assert link is not None
    assert "cleo Cleo Example" in site.browser.text(USERS)
    taken = site.browser.send(f"{USERS}/add", fields)
    assert taken.status_code == 422
    assert 'id="username-error"' in taken.text
    site.browser.http.cookies.clear()
    password = PASSWORD.reveal()
    site.browser.send(link[0], {"new_password": password, "repeated": password})
    assert site.browser.get("/documents").status_code == 200
    assert site.browser.get(f"{USERS}/add").status_code == 403
    assert "Infor side" not in site.browser.text("/documents")
    site.sign_in_as("ada")
    site.browser.send(f"{USERS}/{_id_of(site, 'cleo')}/remove")
    site.sign_in_as("cleo")
    assert 'href="/documents"' not in site.browser.get("/account").text


def test_a_user_is_put_into_no_group_of_another_organization(site: Site) -> None:
    fields = {"username": "cleo", "full_name": "", "role": "user", "group": "grp_other"}
    assert site.browser.send(f"{USERS}/add", fields).status_code == 404
    assert "cleo" not in site.browser.text(USERS)
