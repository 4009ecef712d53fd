"""Editing apps, rotating secrets, killing tokens, files of every type."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, Unauthenticated
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof
from ionport.oauth.apps.credentials_file import EnvironmentTool
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, AuthorizedApp, GrantType
from ionport.oauth.protocol import InvalidClient, InvalidGrant
from ionport.oauth.tenant.settings import ScopeMode, UrlFlavour
from tests.support.oauth import TENANT, OAuthSide, add_user

CALLBACK = "https://app.example.com/callback"
PEOPLE: dict[str, Any] = {"redirect_urls": (CALLBACK,), "description": "For people"}


def edit(side: OAuthSide, app: AuthorizedApp, **changes: Any) -> AuthorizedApp:
    with side.database.write() as work:
        draft = replace(AppDraft.of(app), **changes)
        return side.apps.edit_app(Access(work, side.scope, side.operator), app.id, draft)


def rotate(side: OAuthSide, app: AuthorizedApp, overlap: timedelta) -> str:
    with side.database.write() as work:
        return side.security.rotate_secret(
            Access(work, side.scope, side.operator), app.id, side.proof, overlap
        ).reveal()


def actions(side: OAuthSide) -> list[str]:
    with side.database.read() as work:
        return [
            entry.action for entry in side.audit.list(work.within(side.scope), PageRequest()).items
        ]


@pytest.mark.on_each_database
def test_a_change_holds_from_the_next_request_on_and_is_audited(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app()
    file = side.credentials(app)
    clock.advance(timedelta(minutes=5))
    changed = edit(side, app, access_token_seconds=600, name="DocBits_PRD")
    assert (changed.changed_at, changed.changed_by) == (clock.now(), side.operator.name)
    assert changed.environment == "PRD"
    assert side.log_in(file)["expires_in"] == 600
    assert actions(side)[0] == "app.changed"


def test_an_edit_that_changes_nothing_leaves_the_app_as_it_is(side: OAuthSide) -> None:
    app = side.create_app()
    answer = side.log_in(side.credentials(app))
    same = edit(side, app)
    assert replace(same, changed_at=None, changed_by=None) == app
    side.verifier.verify(answer["access_token"], TENANT)


def test_the_type_stays_and_a_name_is_unique(side: OAuthSide) -> None:
    app, other = side.create_app("one"), side.create_app("two")
    with pytest.raises(InvalidInput) as caught:
        edit(side, app, type=AppType.WEB, redirect_urls=(CALLBACK,))
    assert set(caught.value.fields) == {"type"}
    with pytest.raises(Conflict) as taken:
        edit(side, app, name="TWO")
    assert taken.value.existing_id == other.id


@pytest.mark.on_each_database
def test_another_grant_type_kills_the_tokens_of_the_one_before(side: OAuthSide) -> None:
    app = side.create_app(issue_refresh_tokens=True)
    file = side.credentials(app)
    answer = side.log_in(file)
    edit(side, app, grant_type=GrantType.CLIENT_CREDENTIALS)
    with pytest.raises(Unauthenticated):
        side.verifier.verify(answer["access_token"], TENANT)
    with pytest.raises(InvalidGrant):
        side.refresh(file, answer["refresh_token"])


@pytest.mark.on_each_database
def test_an_old_secret_works_until_the_overlap_ends(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app()
    file = side.credentials(app)
    new = rotate(side, app, timedelta(hours=1))
    assert new != file["cs"]
    side.log_in(file)
    side.log_in(file, client_secret=new)
    assert side.credentials(app)["cs"] == new
    clock.advance(timedelta(hours=1))
    with pytest.raises(InvalidClient):
        side.log_in(file)
    side.log_in(file, client_secret=new)


def test_a_leaked_secret_can_be_ended_at_once(side: OAuthSide) -> None:
    app = side.create_app()
    file = side.credentials(app)
    new = rotate(side, app, timedelta(0))
    with pytest.raises(InvalidClient):
        side.log_in(file)
    side.log_in(file, client_secret=new)
    assert "app.secret_rotated" in actions(side)


@pytest.mark.on_each_database
def test_secrets_that_have_ended_do_not_pile_up(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app()
    for _round in range(60):
        rotate(side, app, timedelta(0))
        clock.advance(timedelta(seconds=1))
    with side.database.read() as work:
        kept = side.security.list_secrets(Access(work, side.scope, side.operator), app.id)
    assert len(kept) <= 2


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
def test_an_overlap_is_bounded(side: OAuthSide, overlap: timedelta) -> None:
    app = side.create_app()
    with pytest.raises(InvalidInput):
        rotate(side, app, overlap)


def test_rotating_needs_the_password_and_the_role(side: OAuthSide, clock: MovableClock) -> None:
    app, anna = side.create_app(), add_user(side.database, clock)
    old = PasswordProof(user_id=None, at=clock.now() - timedelta(minutes=6))
    with side.database.write() as work:
        access = Access(work, side.scope, anna)
        with pytest.raises(Unauthenticated):
            side.security.rotate_secret(
                Access(work, side.scope, side.operator), app.id, old, timedelta(0)
            )
        with pytest.raises(Forbidden):
            side.security.rotate_secret(access, app.id, side.proof, timedelta(0))
        with pytest.raises(Forbidden):
            side.security.revoke_tokens(access, app.id)


@pytest.mark.on_each_database
def test_revoking_every_token_of_an_app_spares_its_logins_and_other_apps(side: OAuthSide) -> None:
    app, other = side.create_app("one", issue_refresh_tokens=True), side.create_app("two")
    file, others = side.credentials(app), side.credentials(other)
    answers, kept = [side.log_in(file) for _ in range(3)], side.log_in(others)
    for answer in answers:
        side.verifier.verify(answer["access_token"], TENANT)
    with side.database.write() as work:
        side.security.revoke_tokens(Access(work, side.scope, side.operator), app.id)
    for answer in answers:
        with pytest.raises(Unauthenticated):
            side.verifier.verify(answer["access_token"], TENANT)
        with pytest.raises(InvalidGrant):
            side.refresh(file, answer["refresh_token"])
    side.verifier.verify(side.log_in(file)["access_token"], TENANT)
    side.verifier.verify(kept["access_token"], TENANT)


def test_what_hangs_on_an_app_is_counted(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app("machine")
    file = side.credentials(app)
    side.credentials(app)
    side.log_in(file)
    side.log_in(file)
    web = side.create_app("web", type=AppType.WEB, **PEOPLE)
    side.approve(add_user(side.database, clock), web)

    def use(of: AuthorizedApp) -> tuple[int, int, int]:
        with side.database.read() as work:
            found = side.apps.app_use(Access(work, side.scope, side.operator), of.id)
        return found.service_accounts, found.live_grants, found.consents

    assert use(app) == (2, 2, 0)
    assert use(web) == (0, 0, 1)
    clock.advance(timedelta(hours=3))
    assert use(app) == (2, 0, 0)


def test_a_web_apps_file_has_a_redirect_url_and_no_service_account(side: OAuthSide) -> None:
    app = side.create_app("Web", type=AppType.WEB, **PEOPLE)
    file = side.credentials(app, account=False)
    assert [*file] == ["ti", "cn", "dt", "ci", "cs", "iu", "pu", "oa", "ot", "or", "ru", "ev", "v"]
    assert file["ru"] == CALLBACK
    with pytest.raises(InvalidInput):
        side.credentials(app)


def test_a_public_mobile_apps_file_has_no_secret_and_is_its_qr_code(side: OAuthSide) -> None:
    app = side.create_app("Phone", type=AppType.MOBILE_WINDOWS, **PEOPLE)
    content = side.download(app, account=False).content
    file = json.loads(content)
    assert [*file] == ["ti", "cn", "ci", "iu", "pu", "oa", "ot", "or", "ru", "ev", "v"]
    with side.database.read() as work:
        qr = side.apps.qr_content(Access(work, side.scope, side.operator), app.id)
    assert qr == content.decode()
    with side.database.write() as work, pytest.raises(Conflict):
        side.security.rotate_secret(
            Access(work, side.scope, side.operator), app.id, side.proof, timedelta(0)
        )


def test_a_secret_is_never_put_into_a_qr_code(side: OAuthSide) -> None:
    app = side.create_app("Phone", type=AppType.MOBILE_IOS, is_public=False, **PEOPLE)
    assert side.credentials(app, account=False)["cs"]
    with side.database.read() as work, pytest.raises(Conflict):
        side.apps.qr_content(Access(work, side.scope, side.operator), app.id)


def test_an_app_that_becomes_public_loses_its_secret_and_one_that_is_not_gets_one(
    side: OAuthSide,
) -> None:
    app = side.create_app("Web", type=AppType.WEB, **PEOPLE)
    secret = side.credentials(app, account=False)["cs"]
    public = edit(side, app, is_public=True)
    assert "cs" not in side.credentials(public, account=False)
    with pytest.raises(InvalidClient):
        side.request(
            grant_type="authorization_code", code="x", client_id=app.client_id, client_secret=secret
        )
    again = edit(side, public, is_public=False)
    assert side.credentials(again, account=False)["cs"] not in ("", secret)


def test_scopes_stand_in_the_file_where_they_are_enforced(side: OAuthSide) -> None:
    app = side.create_app(scopes=("Infor-IDM", "Infor-ION"), enforce_scopes=True)
    assert "sc" not in side.credentials(app)
    side.change_settings(scope_mode=ScopeMode.PER_APP)
    file = side.credentials(app)
    assert (file["sc"], file["v"]) == (["Infor-IDM", "Infor-ION"], "1.1")
    assert [*file][-5:] == ["sc", "ev", "v", "saak", "sask"]


def test_the_tenant_chooses_the_flavour_of_the_urls(side: OAuthSide) -> None:
    app = side.create_app()
    side.change_settings(url_flavour=UrlFlavour.ON_PREMISES)
    file = side.credentials(app)
    assert (file["oa"], file["ot"], file["or"]) == (
        "connect/authorize", "connect/token", "connect/revocation",
    )  # fmt: skip


@pytest.mark.parametrize("mode", [ScopeMode.DISABLED, ScopeMode.ENFORCED])
@pytest.mark.parametrize("tool", EnvironmentTool)
def test_an_environment_carries_the_apps_scopes(
    side: OAuthSide, tool: EnvironmentTool, mode: ScopeMode
) -> None:
    side.change_settings(scope_mode=mode)
    app = side.create_app(scopes=("Infor-IDM", "Infor-ION"))
    with side.database.write() as work:
        made = side.apps.export_environment(
            Access(work, side.scope, side.operator), app.id, tool, None
        )
    if tool is EnvironmentTool.POSTMAN:
        values = {each["key"]: each["value"] for each in json.loads(made.content)["values"]}
        assert values["scopes"] == "Infor-IDM Infor-ION"
    else:
        assert b"  scopes: Infor-IDM Infor-ION\n" in made.content


@pytest.mark.parametrize("tool", EnvironmentTool)
def test_an_environment_has_the_secret_only_after_the_password(
    side: OAuthSide, tool: EnvironmentTool
) -> None:
    app = side.create_app()
    secret = side.credentials(app)["cs"]
    with side.database.write() as work:
        plain, full = (
            side.apps.export_environment(
                Access(work, side.scope, side.operator), app.id, tool, proof
            )
            for proof in (None, side.proof)
        )
    assert secret.encode() not in plain.content
    assert app.client_id.encode() in plain.content
    assert plain.filename.startswith(app.name)
    # Bruno keeps secrets on the user's machine: its file names them and holds none.
    assert (secret.encode() in full.content) is (tool is EnvironmentTool.POSTMAN)
