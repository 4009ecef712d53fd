from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from ionport.core.paging import PageRequest
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof, TenantRole
from ionport.identity.tables import users
from ionport.oauth.accounts import maker as account_maker
from ionport.oauth.accounts.model import ServiceAccount
from ionport.oauth.accounts.service import AccountDraft
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppQuery, AppSort, AuthorizedApp, GrantType
from ionport.oauth.protocol import InvalidGrant
from ionport.store import Database, SystemScope, TenantScope, Work
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide, add_tenant, add_user

OTHER = TenantScope(OTHER_TENANT)


def audited(side: OAuthSide) -> list[str]:
    with side.database.read() as work:
        page = side.audit.list(work.within(side.scope), PageRequest())
    return sorted(entry.action for entry in page.items)


def test_a_new_app_has_the_name_exactly_as_typed(side: OAuthSide) -> None:
    app = side.create_app(" DocBits_TST ", description="Line 1\nLine 2")
    with side.database.read() as work:
        stored = side.apps.get_app(Access(work, side.scope, side.operator), app.id)
    assert stored == app
    assert stored.name == " DocBits_TST "
    assert stored.environment == "TST"


@pytest.mark.on_each_database
def test_a_name_is_unique_in_its_tenant_without_regard_to_case(side: OAuthSide) -> None:
    first = side.create_app("DocBits_TST")
    with pytest.raises(Conflict) as caught:
        side.create_app("docbits_tst")
    assert caught.value.existing_id == first.id
    with side.database.write() as work:
        draft = AppDraft(name="DOCBITS_TST", description="elsewhere")
        side.apps.create_app(Access(work, OTHER, side.operator), draft)


@pytest.mark.on_each_database
def test_a_conflict_leaves_the_transaction_usable(side: OAuthSide) -> None:
    side.create_app("one")
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        one, two = AppDraft("ONE", description="x"), AppDraft("two", description="x")
        with pytest.raises(Conflict):
            side.apps.create_app(access, one)
        side.apps.create_app(access, two)
    with side.database.read() as work:
        assert side.apps.list_apps(Access(work, side.scope, side.operator)).total == 2


@pytest.mark.on_each_database
def test_an_app_that_exists_is_found_by_its_name_in_any_case(side: OAuthSide) -> None:
    app = side.create_app("DocBits_TST")
    with side.database.read() as work:
        access = Access(work, side.scope, side.operator)
        assert side.apps.find_app_by_name(access, "DOCBITS_tst") == app
        assert side.apps.find_app_by_name(access, "DocBits") is None
        assert side.apps.find_app_by_name(Access(work, OTHER, side.operator), "DocBits_TST") is None


@pytest.mark.on_each_database
def test_a_deleted_apps_name_can_be_used_again(side: OAuthSide) -> None:
    app = side.create_app("DocBits_TST")
    with side.database.write() as work:
        side.apps.delete_app(Access(work, side.scope, side.operator), app.id)
    again = side.create_app("docbits_tst")
    assert again.client_id != app.client_id
    with side.database.read() as work, pytest.raises(NotFound):
        side.apps.get_app(Access(work, side.scope, side.operator), app.id)


@pytest.mark.on_each_database
def test_the_list_filters_sorts_and_pages(side: OAuthSide, clock: MovableClock) -> None:
    for name, description in (("beta_TST", "50% off"), ("Alpha_PRD", "x"), ("gamma", "x")):
        side.create_app(name, description=description)
        clock.advance(timedelta(seconds=1))

    def names(**fields: object) -> list[str]:
        query = AppQuery(**fields)  # type: ignore[arg-type]
        with side.database.read() as work:
            page = side.apps.list_apps(Access(work, side.scope, side.operator), query)
        return [app.name for app in page.items]

    assert names() == ["Alpha_PRD", "beta_TST", "gamma"]
    assert names(descending=True) == ["gamma", "beta_TST", "Alpha_PRD"]
    assert names(sort=AppSort.CREATED) == ["beta_TST", "Alpha_PRD", "gamma"]
    assert names(text="ALPHA") == ["Alpha_PRD"]
    assert names(text="50%") == ["beta_TST"]
    assert names(text="%") == ["beta_TST"]
    assert names(text="acme_tst~") == ["Alpha_PRD", "beta_TST", "gamma"]
    assert names(text="nothing") == []
    assert names(page=PageRequest(number=2, per_page=2)) == ["gamma"]


@dataclass(frozen=True)
class Uses:
    """Everything that can be done with one app and its account, as one actor in one tenant."""

    side: OAuthSide
    work: Work
    scope: TenantScope
    actor: Actor
    app: AuthorizedApp
    account: ServiceAccount
    proof: PasswordProof

    def with_proof(self) -> list[Callable[[], object]]:
        apps, accounts = self.side.apps, self.side.service_accounts
        at = Access(self.work, self.scope, self.actor)
        return [
            lambda: apps.reveal_secret(at, self.app.id, self.proof),
            lambda: accounts.download_credentials(
                at, self.app.id, self.proof, create_service_account=False
            ),
            lambda: accounts.replace_account(at, self.account.id, self.proof),
        ]

    def of_existing(self) -> list[Callable[[], object]]:
        apps, accounts = self.side.apps, self.side.service_accounts
        at = Access(self.work, self.scope, self.actor)
        return [
            *self.with_proof(),
            lambda: apps.get_app(at, self.app.id),
            lambda: accounts.list_of_app(at, self.app.id),
            lambda: accounts.delete_account(at, self.account.id),
            lambda: accounts.set_account_disabled(at, self.account.id, True),
            lambda: apps.set_app_disabled(at, self.app.id, True),
            lambda: apps.delete_app(at, self.app.id),
        ]

    def all(self) -> list[Callable[[], object]]:
        apps, at = self.side.apps, Access(self.work, self.scope, self.actor)
        return [
            *self.of_existing(),
            lambda: apps.create_app(at, AppDraft("x", description="x")),
            lambda: apps.list_apps(at),
            lambda: apps.find_app_by_name(at, self.app.name),
        ]


@pytest.mark.on_each_database
def test_nothing_of_another_tenant_is_seen_or_changed(side: OAuthSide) -> None:
    app, account = app_with_account(side)
    with side.database.write() as work:
        assert side.apps.list_apps(Access(work, OTHER, side.operator)).total == 0
        uses = Uses(side, work, OTHER, side.operator, app, account, side.proof)
        for use in uses.of_existing():
            with pytest.raises(NotFound):
                use()


@pytest.mark.parametrize("tenant_id", [TENANT, OTHER_TENANT])
def test_every_use_needs_the_role_ionapi_administrator_in_this_tenant(
    side: OAuthSide, clock: MovableClock, tenant_id: str
) -> None:
    app, account = app_with_account(side)
    role = TenantRole.USER if tenant_id == TENANT else TenantRole.IONAPI_ADMINISTRATOR
    actor = add_user(side.database, clock, tenant_id=tenant_id, role=role)
    proof = PasswordProof(actor.user_id, clock.now())
    with side.database.write() as work:
        for use in Uses(side, work, side.scope, actor, app, account, proof).all():
            with pytest.raises(Forbidden):
                use()


@pytest.mark.parametrize("whose", ["somebody's", "the operator's", "old"])
def test_reveal_and_download_need_ones_own_password_typed_just_now(
    side: OAuthSide, clock: MovableClock, whose: str
) -> None:
    app, account = app_with_account(side)
    admin = add_user(side.database, clock, role=TenantRole.IONAPI_ADMINISTRATOR)
    proof = {
        "somebody's": PasswordProof("usr_somebody", clock.now()),
        "the operator's": PasswordProof.operator(clock.now()),
        "old": PasswordProof(admin.user_id, clock.now() - timedelta(minutes=6)),
    }[whose]
    with side.database.write() as work:
        for use in Uses(side, work, side.scope, admin, app, account, proof).with_proof():
            with pytest.raises(Unauthenticated):
                use()


def test_the_revealed_secret_is_the_one_in_the_file(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app()
    admin = add_user(side.database, clock, role=TenantRole.IONAPI_ADMINISTRATOR)
    proof = PasswordProof(admin.user_id, clock.now())
    with side.database.write() as work:
        secret = side.apps.reveal_secret(Access(work, side.scope, admin), app.id, proof)
    assert secret.reveal() == side.credentials(app)["cs"]


@pytest.mark.on_each_database
def test_whatever_touches_a_secret_leaves_an_audit_row(side: OAuthSide) -> None:
    app, account = app_with_account(side)
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        side.apps.reveal_secret(access, app.id, side.proof)
        side.service_accounts.replace_account(access, account.id, side.proof)
        side.apps.set_app_disabled(access, app.id, True)
        side.apps.delete_app(access, app.id)
    assert audited(side) == sorted(
        [
            "app.created",
            "app.credentials_downloaded",
            "app.credentials_downloaded",
            "app.deleted",
            "app.disabled",
            "app.secret_revealed",
            "service_account.created",
            "service_account.created",
            "service_account.deleted",
        ]
    )


def test_no_secret_lies_open_in_the_database(side: OAuthSide) -> None:
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    refresh_token = side.log_in(file)["refresh_token"]
    with side.database.read() as work:
        tables = [
            "authorized_apps",
            *("client_secrets", "service_accounts", "grants", "signing_keys", "audit_log"),
        ]
        stored = str(
            [work.connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables]
        )
    assert file["saak"] in stored
    for secret in (file["cs"], file["sask"], refresh_token, "PRIVATE KEY"):
        assert secret not in stored


def test_an_account_that_never_logged_in_shows_as_never_used(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app()
    file = side.credentials(app)
    assert side.accounts(app)[0].never_used
    clock.advance(timedelta(hours=1))
    side.log_in(file)
    account = side.accounts(app)[0]
    assert not account.never_used
    assert account.last_used_at == clock.now()


@pytest.mark.on_each_database
def test_one_app_can_have_an_account_for_each_user(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app()
    for name in ("anna", "ben"):
        side.download(app, user_id=add_user(side.database, clock, name).user_id)
        clock.advance(timedelta(seconds=1))
    side.download(app)
    assert [account.user_name for account in side.accounts(app)] == [None, "Ben", "Anna"]


@pytest.mark.parametrize("who", ["nobody", "another tenant's", "disabled"])
def test_only_an_enabled_user_of_the_tenant_can_be_linked(
    side: OAuthSide, clock: MovableClock, who: str
) -> None:
    app = side.create_app()
    user_id: str | None = "usr_nobody"
    if who == "another tenant's":
        user_id = add_user(side.database, clock, tenant_id=OTHER_TENANT).user_id
    if who == "disabled":
        user_id = add_user(side.database, clock).user_id
        disable_user(side, user_id)
    with pytest.raises(InvalidInput) as caught:
        side.download(app, user_id=user_id)
    assert "user_id" in caught.value.fields
    assert side.accounts(app) == []


def test_a_user_without_create_service_account_is_refused(
    side: OAuthSide, clock: MovableClock
) -> None:
    user = add_user(side.database, clock)
    with pytest.raises(InvalidInput, match="Create Service Account"):
        side.download(side.create_app(), account=False, user_id=user.user_id)


def test_a_client_credentials_app_gets_no_service_account(side: OAuthSide) -> None:
    app = side.create_app(grant_type=GrantType.CLIENT_CREDENTIALS)
    with pytest.raises(InvalidInput, match="Client Credentials"):
        side.download(app)


@pytest.mark.on_each_database
def test_delete_and_make_again_replaces_the_account_for_the_same_user(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app()
    user = add_user(side.database, clock)
    old = side.credentials(app, user_id=user.user_id)
    with side.database.write() as work:
        file = side.service_accounts.replace_account(
            Access(work, side.scope, side.operator), side.accounts(app)[0].id, side.proof
        )
    new = json.loads(file.content)
    assert new["saak"] != old["saak"]
    assert [account.user_id for account in side.accounts(app)] == [user.user_id]
    assert side.log_in(new)["access_token"]
    with pytest.raises(InvalidGrant):
        side.log_in(old)


def test_an_account_made_again_ends_when_the_old_one_does(side: OAuthSide) -> None:
    app = side.create_app()
    draft = AccountDraft(ends_on="2099-12-31")
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        side.service_accounts.add_account(access, app.id, draft, side.proof)
    old = side.accounts(app)[0]
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        side.service_accounts.replace_account(access, old.id, side.proof)
    (new,) = side.accounts(app)
    assert (new.id != old.id, new.ends_on) == (True, "2099-12-31")


def test_a_disabled_account_made_again_stays_disabled(side: OAuthSide) -> None:
    app = side.create_app()
    side.credentials(app)
    (old,) = side.accounts(app)
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        side.service_accounts.set_account_disabled(access, old.id, disabled=True)
        file = side.service_accounts.replace_account(access, old.id, side.proof)
    (new,) = side.accounts(app)
    assert (new.id != old.id, new.is_disabled) == (True, True)
    with pytest.raises(InvalidGrant):
        side.log_in(json.loads(file.content))


@pytest.mark.on_each_database
def test_the_number_of_accounts_is_bounded(
    side: OAuthSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_maker, "MAX_SERVICE_ACCOUNTS", 2)
    app = side.create_app()
    side.download(app)
    side.download(app)
    with pytest.raises(Conflict, match="2 service accounts"):
        side.download(app)


def test_without_copies_every_download_adds_a_secret_and_reveal_is_refused(
    database: Database, clock: MovableClock
) -> None:
    add_tenant(database, clock)
    side = OAuthSide(database, clock, keep_client_secrets=False)
    app = side.create_app()
    first, second = side.credentials(app), side.credentials(app)
    assert first["cs"] != second["cs"]
    assert side.log_in(first)["access_token"]
    assert side.log_in(second)["access_token"]
    with side.database.write() as work, pytest.raises(Conflict, match="keeps no copy"):
        side.apps.reveal_secret(Access(work, side.scope, side.operator), app.id, side.proof)


@pytest.mark.on_each_database
def test_after_rotate_keys_everything_opens_with_the_new_key_alone(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app()
    file = side.credentials(app)
    token = side.log_in(file)["access_token"]
    wider = side.key_ring.with_new_key()
    rotated = OAuthSide(side.database, clock, key_ring=wider)
    scope = SystemScope("rotate-keys")
    with side.database.write() as work:
        assert rotated.apps.reseal(work.within(scope)) == 1
        assert rotated.keys.reseal(work.within(scope)) == 1
        assert rotated.apps.reseal(work.within(scope)) == 0
        assert rotated.keys.reseal(work.within(scope)) == 0
    newest_only = OAuthSide(side.database, clock, key_ring=only_current(wider))
    assert newest_only.credentials(app)["cs"] == file["cs"]
    assert newest_only.verifier.verify(token, TENANT).tenant_id == TENANT


def test_an_actor_that_is_no_operator_is_named_in_what_they_make(
    side: OAuthSide, clock: MovableClock
) -> None:
    admin: Actor = add_user(side.database, clock, role=TenantRole.IONAPI_ADMINISTRATOR)
    with side.database.write() as work:
        access = Access(work, side.scope, admin)
        app = side.apps.create_app(access, AppDraft("x", description="x"))
        side.service_accounts.download_credentials(
            access,
            app.id,
            PasswordProof(admin.user_id, clock.now()),
            create_service_account=True,
        )
    assert app.created_by == "anna"
    assert side.accounts(app)[0].created_by == "anna"


def app_with_account(side: OAuthSide) -> tuple[AuthorizedApp, ServiceAccount]:
    app = side.create_app()
    side.download(app)
    return app, side.accounts(app)[0]


def disable_user(side: OAuthSide, user_id: str | None) -> None:
    with side.database.write() as work:
        work.connection.execute(update(users).where(users.c.id == user_id).values(is_disabled=True))


def only_current(ring: KeyRing) -> KeyRing:
    keys = {ring.current: ring._keys[ring.current]}
    return KeyRing(keys, current=ring.current, digest_key=ring._digest_key)
