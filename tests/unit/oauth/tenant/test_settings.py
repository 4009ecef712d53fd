from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.identity.access import Access
from ionport.oauth.apps.model import AppType
from ionport.oauth.http.metadata import metadata
from ionport.oauth.tenant.settings import (
    Limits,
    RefusalForm,
    ScopeMode,
    TenantSettings,
    TokenForm,
    UrlFlavour,
)
from ionport.store import TenantScope
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide, add_user

CALLBACK = "https://app.example.com/callback"


def settings(side: OAuthSide, tenant: str = TENANT) -> TenantSettings:
    with side.database.read() as work:
        return side.settings.get(Access(work, TenantScope(tenant), side.operator))


def test_a_tenant_that_nobody_set_up_is_strict_and_lets_everything_through(
    side: OAuthSide,
) -> None:
    assert settings(side) == TenantSettings()
    assert not settings(side).implicit_allowed
    assert not settings(side).limits.are_on


@pytest.mark.on_each_database
def test_every_setting_is_kept_and_stays_in_its_tenant(side: OAuthSide) -> None:
    changed = {
        "scope_mode": ScopeMode.PER_APP,
        "implicit_allowed": True,
        "url_flavour": UrlFlavour.ON_PREMISES,
        "token_form": TokenForm.RFC9068,
        "limits": Limits(True, 1, 2, 3),
        "refresh_tokens_rotate": True,
        "refusal_form": RefusalForm.INFOR,
    }
    side.change_settings(**changed)
    assert settings(side) == TenantSettings(**changed)  # type: ignore[arg-type]
    side.change_settings(implicit_allowed=False)
    assert settings(side) == replace(TenantSettings(**changed), implicit_allowed=False)  # type: ignore[arg-type]
    assert settings(side, OTHER_TENANT) == TenantSettings()


@pytest.mark.parametrize("figure", [0, -1, 1_000_001])
def test_a_limit_is_a_bearable_number(side: OAuthSide, figure: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        side.change_settings(limits=Limits(True, figure, 1, 1))
    assert set(caught.value.fields) == {"logins_per_minute"}


def test_only_an_administrator_changes_settings_and_scopes(
    side: OAuthSide, clock: MovableClock
) -> None:
    anna = add_user(side.database, clock)
    with side.database.write() as work:
        access = Access(work, side.scope, anna)
        for refused in (
            lambda: side.settings.change(access, TenantSettings()),
            lambda: side.settings.add_custom_scope(access, "Acme", ""),
            lambda: side.settings.delete_custom_scope(access, "Acme"),
        ):
            with pytest.raises(Forbidden):
                refused()


@pytest.mark.on_each_database
def test_a_custom_scope_is_added_once_and_deleted(side: OAuthSide) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)

        def add(name: str, description: str = "") -> None:
            side.settings.add_custom_scope(access, name, description)

        add("Acme-Orders", "Orders")
        with pytest.raises(Conflict):
            add("Acme-Orders")
        for wrong in ("", "infor-x", "Infor-IDM", "OpenID", "a b", "x" * 51, "é", 'a"b'):
            with pytest.raises(InvalidInput):
                add(wrong)
        with pytest.raises(InvalidInput):
            add("Acme", "x" * 501)
        listed = side.settings.list_custom_scopes(access)
        assert [(scope.name, scope.description) for scope in listed] == [("Acme-Orders", "Orders")]
        side.settings.delete_custom_scope(access, "Acme-Orders")
        with pytest.raises(NotFound):
            side.settings.delete_custom_scope(access, "Acme-Orders")


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("flavour", UrlFlavour)
def test_the_metadata_is_valid_and_says_what_is_on(
    side: OAuthSide, implicit: bool, flavour: UrlFlavour
) -> None:
    found = metadata(
        side.endpoints, TENANT, TenantSettings(implicit_allowed=implicit, url_flavour=flavour)
    )
    AuthorizationServerMetadata(found).validate()
    assert ("token" in found["response_types_supported"]) is implicit
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "connect/token" in found["token_endpoint"] or flavour is UrlFlavour.CLOUD


def test_tokens_in_the_form_of_rfc_9068_are_taken_as_well(
    side: OAuthSide, clock: MovableClock
) -> None:
    side.change_settings(token_form=TokenForm.RFC9068)
    user = add_user(side.database, clock)
    file = side.credentials(side.create_app(), user_id=user.user_id)
    token = side.verifier.verify(side.log_in(file)["access_token"], TENANT)
    assert token.claims["sub"] == token.identity2
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(token.claims)
    accountless = side.credentials(side.create_app("other"))
    claims = side.verifier.verify(side.log_in(accountless)["access_token"], TENANT).claims
    assert claims["sub"] == accountless["saak"]


@pytest.mark.on_each_database
def test_a_person_may_say_yes_in_two_windows_at_once(side: OAuthSide, clock: MovableClock) -> None:
    anna = add_user(side.database, clock)
    app = side.create_app("Web", type=AppType.WEB, redirect_urls=(CALLBACK,))
    together, codes = threading.Barrier(4), []

    def say_yes() -> None:
        together.wait()
        codes.append(side.code(anna, app))

    threads = [threading.Thread(target=say_yes) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(codes)) == 4
