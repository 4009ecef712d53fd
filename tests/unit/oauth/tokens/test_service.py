from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, update

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.identity.access import Access
from ionport.identity.tables import users
from ionport.oauth.apps.model import BACKEND_GRANT_TYPES, GrantType
from ionport.oauth.clients.authentication import OAuthRequest
from ionport.oauth.grants.tables import grants
from ionport.oauth.protocol import (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    Parameters,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from ionport.oauth.tokens.issuing import issue
from ionport.oauth.tokens.model import TokenAnswer
from tests.support.oauth import (
    OTHER_TENANT,
    TENANT,
    OAuthSide,
    add_user,
    basic,
    with_basic,
)


def part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return values


def is_active(side: OAuthSide, token: str) -> bool:
    try:
        side.verifier.verify(token, TENANT)
    except Unauthenticated:
        return False
    return True


@pytest.fixture
def file(side: OAuthSide) -> dict[str, str]:
    """Credentials of an app whose refresh tokens never expire."""
    return side.credentials(side.create_app(issue_refresh_tokens=True))


def test_the_answer_has_a_number_of_seconds_and_no_refresh_token_by_default(
    side: OAuthSide,
) -> None:
    answer = side.log_in(side.credentials(side.create_app(access_token_seconds=3600)))
    assert list(answer) == ["access_token", "token_type", "expires_in"]
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600


@pytest.mark.parametrize("grant_type", BACKEND_GRANT_TYPES)
def test_a_refresh_token_is_issued_when_the_switch_is_on(
    side: OAuthSide, grant_type: GrantType
) -> None:
    app = side.create_app(issue_refresh_tokens=True, grant_type=grant_type)
    file = side.credentials(app, account=grant_type is GrantType.PASSWORD_CREDENTIALS)
    assert list(side.log_in(file))[-1] == "refresh_token"


def test_a_service_accounts_token_has_infors_claims(side: OAuthSide, clock: MovableClock) -> None:
    user = add_user(side.database, clock)
    file = side.credentials(side.create_app(), user_id=user.user_id)
    token = side.log_in(file)["access_token"]
    header, claims = part(token, 0), part(token, 1)
    assert list(header) == ["kid", "alg"]
    assert header["alg"] == "RS256"
    assert header["kid"].startswith("kg:")
    assert UUID(header["kid"].removeprefix("kg:"))
    now = int(clock.now().timestamp())
    with side.database.read() as work:
        identity2 = work.connection.execute(select(users.c.identity2)).scalar_one()
    assert list(claims) == [
        *("ServiceAccount", "Tenant", "Identity2", "EnforceScopesForClient", "grant_id"),
        *("InforSTSIssuedType", "client_id", "jti", "iat", "nbf", "exp", "iss", "aud"),
    ]
    assert UUID(claims.pop("grant_id"))
    assert UUID(claims.pop("jti"))
    assert claims == {
        "ServiceAccount": file["saak"],
        "Tenant": TENANT,
        "Identity2": identity2,
        "EnforceScopesForClient": "0",
        "InforSTSIssuedType": "AS",
        "client_id": file["ci"],
        "iat": now,
        "nbf": now,
        "exp": now + 7200,
        "iss": file["pu"].removesuffix("/"),
        "aud": file["iu"],
    }


def test_without_a_linked_user_there_is_no_identity2(side: OAuthSide) -> None:
    claims = part(side.log_in(side.credentials(side.create_app()))["access_token"], 1)
    assert "Identity2" not in claims
    assert "ServiceAccount" in claims


def test_a_client_credentials_token_names_no_service_account(side: OAuthSide) -> None:
    app = side.create_app(grant_type=GrantType.CLIENT_CREDENTIALS)
    claims = part(side.log_in(side.credentials(app, account=False))["access_token"], 1)
    assert not {"ServiceAccount", "Identity2", "sub"} & set(claims)
    assert claims["client_id"] == app.client_id


def test_each_grant_type_is_refused_to_the_other_kind_of_app(side: OAuthSide) -> None:
    machine = side.create_app("machine", grant_type=GrantType.CLIENT_CREDENTIALS)
    person = side.credentials(side.create_app("person"))
    with pytest.raises(UnauthorizedClient, match="is Client Credentials"):
        side.log_in(
            side.credentials(machine, account=False),
            grant_type="password",
            username=person["saak"],
            password=person["sask"],
        )
    with pytest.raises(UnauthorizedClient, match="is Password Credentials"):
        side.log_in(person, grant_type="client_credentials")


def test_what_is_wrong_is_told_by_rfc_6749s_error(side: OAuthSide, file: dict[str, str]) -> None:
    cases: list[tuple[dict[str, str], type[OAuthError]]] = [
        ({"grant_type": ""}, InvalidRequest),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, UnsupportedGrantType),
        ({"client_id": ""}, InvalidClient),
        ({"client_id": "ACME_TST~nobody"}, InvalidClient),
        ({"client_id": "a\x00b"}, InvalidClient),
        ({"client_secret": ""}, InvalidClient),
        ({"client_secret": "wrong"}, InvalidClient),
        ({"username": ""}, InvalidRequest),
        ({"username": "ACME_TST#nobody"}, InvalidGrant),
        ({"username": "a\x00b"}, InvalidGrant),
        ({"password": ""}, InvalidRequest),
        ({"password": "wrong"}, InvalidGrant),
        ({"password": "ünïcode"}, InvalidGrant),
    ]
    for changes, error in cases:
        with pytest.raises(error):
            side.log_in(file, **changes)


def test_an_unknown_client_and_a_wrong_secret_answer_alike(
    side: OAuthSide, file: dict[str, str]
) -> None:
    texts = set()
    for changes in ({"client_id": "ACME_TST~nobody"}, {"client_secret": "wrong"}):
        with pytest.raises(InvalidClient) as caught:
            side.log_in(file, **changes)
        texts.add(caught.value.text)
    for changes in ({"username": "ACME_TST#nobody"}, {"password": "wrong"}):
        with pytest.raises(InvalidGrant) as refused:
            side.log_in(file, **changes)
        texts.add(refused.value.text)
    assert len(texts) == 2


def noting(call: Callable[..., Any], name: str, work: list[str]) -> Callable[..., Any]:
    def noted(*arguments: Any) -> Any:
        work.append(name)
        return call(*arguments)

    return noted


def test_an_unknown_name_costs_what_a_wrong_secret_costs(
    side: OAuthSide, file: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    event.listen(
        side.database.reading_engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_rest: work.append(statement),
    )
    for owner, name in ((side.key_ring, "digest"), (hmac, "compare_digest")):
        monkeypatch.setattr(owner, name, noting(getattr(owner, name), name, work))

    def cost(**changes: str) -> list[str]:
        work.clear()
        with pytest.raises(OAuthError):
            side.log_in(file, **changes)
        return list(work)

    wrong_secret = cost(client_secret="A" * 86)
    assert {"digest", "compare_digest"} < set(wrong_secret)
    assert cost(client_id=f"{TENANT}~{'A' * 43}") == wrong_secret
    assert cost(username=f"{TENANT}#{'A' * 86}") == cost(password="A" * 86)


def test_a_client_cannot_log_in_with_another_apps_service_account(
    side: OAuthSide, file: dict[str, str]
) -> None:
    other = side.credentials(side.create_app("other"))
    with pytest.raises(InvalidGrant):
        side.log_in(file, username=other["saak"], password=other["sask"])


def test_another_tenants_address_knows_neither_client_nor_account(
    side: OAuthSide, file: dict[str, str]
) -> None:
    with pytest.raises(InvalidClient):
        side.log_in(file, tenant=OTHER_TENANT)


def test_basic_may_be_form_encoded_or_not(side: OAuthSide, file: dict[str, str]) -> None:
    encoded = file["ci"].replace("~", "%7E").replace("_", "%5F")
    values = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    for header in (
        basic(file),
        basic({**file, "ci": encoded}),
        basic(file).replace("Basic", "BASIC"),
    ):
        answer = issue(side.database, side.tokens, side.scope, with_basic(header, **values))
        assert answer.access_token


def test_an_unreadable_authorization_header_is_an_invalid_client(side: OAuthSide) -> None:
    for header in (
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic é",
        "Bearer abc",
        "",
    ):
        with pytest.raises(InvalidClient):
            issue(side.database, side.tokens, side.scope, with_basic(header, grant_type="password"))


def test_header_and_body_may_name_the_same_client_but_not_two(
    side: OAuthSide, file: dict[str, str]
) -> None:
    values = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    same = with_basic(basic(file), client_id=file["ci"], **values)
    assert issue(side.database, side.tokens, side.scope, same).access_token
    different = with_basic(basic(file), client_id="ACME_TST~another", **values)
    with pytest.raises(InvalidRequest):
        issue(side.database, side.tokens, side.scope, different)


@pytest.mark.on_each_database
def test_a_refresh_token_stays_valid_and_comes_back_with_each_new_access_token(
    side: OAuthSide, file: dict[str, str], clock: MovableClock
) -> None:
    first = side.log_in(file)
    tokens = {first["access_token"]}
    for _again in range(3):
        clock.advance(timedelta(hours=1))
        answer = side.refresh(file, first["refresh_token"])
        assert answer["refresh_token"] == first["refresh_token"]
        assert answer["expires_in"] == 7200
        tokens.add(answer["access_token"])
    assert len(tokens) == 4
    assert len({part(token, 1)["grant_id"] for token in tokens}) == 1


def test_two_access_tokens_of_the_same_second_differ(side: OAuthSide, file: dict[str, str]) -> None:
    refresh_token = side.log_in(file)["refresh_token"]
    answers = [side.refresh(file, refresh_token)["access_token"] for _again in range(2)]
    assert answers[0] != answers[1]


def test_a_refresh_token_with_lifetime_0_never_expires(
    side: OAuthSide, file: dict[str, str], clock: MovableClock
) -> None:
    refresh_token = side.log_in(file)["refresh_token"]
    clock.advance(timedelta(days=4000))
    assert side.refresh(file, refresh_token)["access_token"]


def test_a_refresh_tokens_lifetime_counts_from_its_login(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app(issue_refresh_tokens=True, refresh_token_seconds=10_000)
    file = side.credentials(app)
    refresh_token = side.log_in(file)["refresh_token"]
    clock.advance(timedelta(seconds=9_999))
    side.refresh(file, refresh_token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(InvalidGrant, match="expired refresh token"):
        side.refresh(file, refresh_token)


def test_a_client_cannot_use_anothers_refresh_token(side: OAuthSide, file: dict[str, str]) -> None:
    refresh_token = side.log_in(file)["refresh_token"]
    other = side.credentials(side.create_app("other", issue_refresh_tokens=True))
    with pytest.raises(InvalidGrant):
        side.refresh(other, refresh_token)
    assert side.refresh(file, refresh_token)["access_token"]


def test_an_unknown_refresh_token_is_refused(side: OAuthSide, file: dict[str, str]) -> None:
    for refresh_token in ("", "nonsense", "ünïcode", "a\x00b"):
        with pytest.raises(InvalidGrant if refresh_token else InvalidRequest):
            side.refresh(file, refresh_token)


@pytest.mark.on_each_database
def test_a_revoked_refresh_token_kills_its_grant_and_all_its_access_tokens(
    side: OAuthSide, file: dict[str, str]
) -> None:
    first = side.log_in(file)
    second = side.refresh(file, first["refresh_token"])
    bystander = side.log_in(file)
    assert is_active(side, first["access_token"])
    assert is_active(side, second["access_token"])
    side.revoke(token=first["refresh_token"], client_id=file["ci"], client_secret=file["cs"])
    assert not is_active(side, first["access_token"])
    assert not is_active(side, second["access_token"])
    assert is_active(side, bystander["access_token"])
    with pytest.raises(InvalidGrant):
        side.refresh(file, first["refresh_token"])


def test_a_revoked_access_token_dies_alone_and_at_once(
    side: OAuthSide, file: dict[str, str]
) -> None:
    first = side.log_in(file)
    second = side.refresh(file, first["refresh_token"])
    assert is_active(side, first["access_token"])
    for _again in range(2):
        side.revoke(token=first["access_token"], token_type_hint="access_token")
    assert not is_active(side, first["access_token"])
    assert is_active(side, second["access_token"])
    assert side.refresh(file, first["refresh_token"])["access_token"]


@pytest.mark.on_each_database
def test_a_revocation_counts_at_once_though_another_action_after_its_commit_fails(
    side: OAuthSide, file: dict[str, str]
) -> None:
    tokens = side.log_in(file)
    assert is_active(side, tokens["access_token"])

    def fail() -> None:
        raise KeyError("stop")

    revoked = {
        "token": tokens["refresh_token"],
        "client_id": file["ci"],
        "client_secret": file["cs"],
    }
    with side.database.write() as work:
        work.after_commit(fail)
        side.tokens.revoke(work.within(side.scope), OAuthRequest(Parameters(revoked.items())))
    assert not is_active(side, tokens["access_token"])


def test_an_unknown_or_expired_token_is_revoked_without_an_error(
    side: OAuthSide, file: dict[str, str], clock: MovableClock
) -> None:
    token = side.log_in(file)["access_token"]
    clock.advance(timedelta(days=1))
    for old in (token, "nonsense", "a.b.c", token[:-4] + "AAAA"):
        side.revoke(token=old, client_id=file["ci"], client_secret=file["cs"])
    assert is_active(side, side.log_in(file)["access_token"])


def test_a_client_cannot_revoke_anothers_token(side: OAuthSide, file: dict[str, str]) -> None:
    answer = side.log_in(file)
    other = side.credentials(side.create_app("other"))
    for token in (answer["access_token"], answer["refresh_token"]):
        with pytest.raises(InvalidGrant, match="another client"):
            side.revoke(token=token, client_id=other["ci"], client_secret=other["cs"])
    assert is_active(side, answer["access_token"])
    assert side.refresh(file, answer["refresh_token"])["access_token"]


def test_who_revokes_with_a_wrong_secret_is_refused(side: OAuthSide, file: dict[str, str]) -> None:
    answer = side.log_in(file)
    with pytest.raises(InvalidClient):
        side.revoke(token=answer["access_token"], client_id=file["ci"], client_secret="wrong")
    with pytest.raises(InvalidRequest, match="token is required"):
        side.revoke(client_id=file["ci"], client_secret=file["cs"])
    assert is_active(side, answer["access_token"])


@pytest.mark.on_each_database
@pytest.mark.parametrize("what", ["account", "app", "user"])
def test_disabling_kills_tokens_and_logins_and_enabling_brings_both_back(
    side: OAuthSide, clock: MovableClock, what: str
) -> None:
    app = side.create_app(issue_refresh_tokens=True)
    user = add_user(side.database, clock)
    file = side.credentials(app, user_id=user.user_id)
    answer = side.log_in(file)
    assert is_active(side, answer["access_token"])
    for disabled in (True, False):
        switch(side, what, disabled)
        assert is_active(side, answer["access_token"]) is not disabled
        for attempt in (
            lambda: side.log_in(file),
            lambda: side.refresh(file, answer["refresh_token"]),
        ):
            if disabled:
                with pytest.raises(OAuthError, match="disabled"):
                    attempt()
            else:
                assert attempt()["access_token"]


def switch(side: OAuthSide, what: str, disabled: bool) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        page = side.apps.list_apps(access)
        app = page.items[0]
        accounts = side.service_accounts.list_of_app(access, app.id)
        if what == "app":
            side.apps.set_app_disabled(access, app.id, disabled)
        elif what == "account":
            side.service_accounts.set_account_disabled(access, accounts.items[0].id, disabled)
        else:
            work.connection.execute(update(users).values(is_disabled=disabled))
            work.after_commit(side.states.forget)


@pytest.mark.on_each_database
@pytest.mark.parametrize("what", ["account", "app", "client credentials app"])
def test_deleting_kills_tokens_refresh_tokens_and_logins(side: OAuthSide, what: str) -> None:
    machine = what == "client credentials app"
    grant_type = GrantType.CLIENT_CREDENTIALS if machine else GrantType.PASSWORD_CREDENTIALS
    app = side.create_app(issue_refresh_tokens=True, grant_type=grant_type)
    file = side.credentials(app, account=not machine)
    answer = side.log_in(file)
    assert is_active(side, answer["access_token"])
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        if what != "account":
            side.apps.delete_app(access, app.id)
        else:
            account = side.service_accounts.list_of_app(access, app.id).items[0]
            side.service_accounts.delete_account(access, account.id)
    assert not is_active(side, answer["access_token"])
    with pytest.raises(OAuthError):
        side.refresh(file, answer["refresh_token"])
    with pytest.raises(OAuthError):
        side.log_in(file)


@pytest.mark.on_each_database
def test_a_token_signed_while_its_grant_is_revoked_does_not_go_out(
    side: OAuthSide, file: dict[str, str]
) -> None:
    refresh_token = side.log_in(file)["refresh_token"]
    parameters = Parameters(
        {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": file["ci"],
            "client_secret": file["cs"],
        }.items()
    )
    with side.database.read() as work:
        login = side.tokens.check(work.within(side.scope), OAuthRequest(parameters))
    signed = side.tokens.sign(login)
    side.revoke(token=refresh_token)
    with side.database.write() as work, pytest.raises(InvalidGrant):
        side.tokens.record(work.within(side.scope), signed)


@pytest.mark.on_each_database
def test_refreshes_of_a_group_fail_each_for_itself(side: OAuthSide, file: dict[str, str]) -> None:
    tokens = [side.log_in(file)["refresh_token"] for _each in range(3)]
    signed = []
    for token in tokens:
        parameters = {"grant_type": "refresh_token", "refresh_token": token}
        parameters |= {"client_id": file["ci"], "client_secret": file["cs"]}
        with side.database.read() as work:
            request = OAuthRequest(Parameters(parameters.items()))
            signed.append(side.tokens.sign(side.tokens.check(work.within(side.scope), request)))
    side.revoke(token=tokens[1])
    with side.database.write() as work:
        first, second, third = side.tokens.record_group(work, signed)
    assert isinstance(second, InvalidGrant)
    for answer in (first, third):
        assert isinstance(answer, TokenAnswer)
        assert is_active(side, answer.access_token.reveal())
    assert not is_active(side, signed[1].answer.access_token.reveal())


@pytest.mark.on_each_database
def test_a_refused_login_leaves_no_grant(side: OAuthSide, file: dict[str, str]) -> None:
    for changes in ({"password": "wrong"}, {"client_secret": "wrong"}, {"grant_type": "x"}):
        with pytest.raises(OAuthError):
            side.log_in(file, **changes)
    with side.database.read() as work:
        assert work.connection.execute(select(grants.c.id)).all() == []
