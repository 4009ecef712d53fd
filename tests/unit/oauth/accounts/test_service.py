from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from ionport.core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof
from ionport.oauth.accounts.model import AccountQuery, AccountSort
from ionport.oauth.accounts.service import AccountDraft, ServiceAccountService
from ionport.oauth.apps.model import AuthorizedApp, GrantType
from ionport.oauth.protocol import InvalidGrant
from ionport.store import TenantScope
from tests.support.oauth import OTHER_TENANT, OAuthSide, add_user

OTHER = TenantScope(OTHER_TENANT)


@pytest.fixture
def accounts(side: OAuthSide) -> ServiceAccountService:
    return side.service_accounts


def add(
    side: OAuthSide, accounts: ServiceAccountService, app: AuthorizedApp, draft: AccountDraft
) -> dict[str, str]:
    with side.database.write() as work:
        file = accounts.add_account(
            Access(work, side.scope, side.operator), app.id, draft, side.proof
        )
    (row,) = csv.DictReader(io.StringIO(file.content.decode()))
    return row


@pytest.mark.on_each_database
def test_the_keys_of_the_csv_log_in(side: OAuthSide, accounts: ServiceAccountService) -> None:
    app = side.create_app(issue_refresh_tokens=True)
    file = side.credentials(app, account=False)
    row = add(side, accounts, app, AccountDraft("For the nightly run"))
    keys = {"saak": row["Access Key"], "sask": row["Secret Key"]}
    assert side.log_in({**file, **keys})["access_token"]
    with side.database.read() as work:
        listed = accounts.list_accounts(Access(work, side.scope, side.operator)).items
    assert [(one.app_name, one.account.description) for one in listed] == [
        ("DocBits_TST", "For the nightly run")
    ]
    assert not listed[0].account.never_used


def test_no_key_looks_like_a_formula_to_a_spreadsheet(
    side: OAuthSide, accounts: ServiceAccountService
) -> None:
    app = side.create_app()
    for _number in range(150):
        row = add(side, accounts, app, AccountDraft())
        assert row["Secret Key"][0].isalnum()
        assert len(row["Secret Key"]) == 86


@pytest.mark.on_each_database
def test_accounts_are_listed_filtered_sorted_and_paged(
    side: OAuthSide, accounts: ServiceAccountService
) -> None:
    anna = add_user(side.database, side.clock)
    for name in ("Zeta_TST", "Alpha_TST"):
        add(side, accounts, side.create_app(name), AccountDraft(f"of {name}"))
    add(side, accounts, side.create_app("Mid_TST"), AccountDraft("with a user", anna.user_id))
    gone = side.create_app("Gone_TST")
    add(side, accounts, gone, AccountDraft("of a deleted app"))
    with side.database.write() as work:
        side.apps.delete_app(Access(work, side.scope, side.operator), gone.id)

    def found(**query: object) -> list[str]:
        with side.database.read() as work:
            page = accounts.list_accounts(
                Access(work, side.scope, side.operator),
                AccountQuery(**query),  # type: ignore[arg-type]
            )
        return [one.app_name for one in page.items]

    assert found(sort=AccountSort.APP, descending=False) == ["Alpha_TST", "Mid_TST", "Zeta_TST"]
    assert found(text="ALPHA") == ["Alpha_TST"]
    assert found(text="%") == []
    assert found(has_user=True) == ["Mid_TST"]
    assert sorted(found(has_user=False)) == ["Alpha_TST", "Zeta_TST"]
    assert found(is_disabled=True) == []
    assert len(found(page=PageRequest(number=2, per_page=2))) == 1
    for sort in AccountSort:
        assert len(found(sort=sort)) == 3


def test_a_wrong_field_is_named(side: OAuthSide, accounts: ServiceAccountService) -> None:
    app = side.create_app()
    stranger = add_user(side.database, side.clock, "eve", tenant_id=OTHER_TENANT)
    for draft, field in (
        (AccountDraft("x" * 201), "description"),
        (AccountDraft("two\nlines"), "description"),
        (AccountDraft(scopes=("not a scope",)), "scopes"),
        (AccountDraft(user_id=stranger.user_id), "user_id"),
        (AccountDraft(user_id="usr_nobody"), "user_id"),
    ):
        with pytest.raises(InvalidInput) as error:
            add(side, accounts, app, draft)
        assert set(error.value.fields) == {field}
    other = side.create_app("Machine", grant_type=GrantType.CLIENT_CREDENTIALS)
    with pytest.raises(InvalidInput):
        add(side, accounts, other, AccountDraft())


@pytest.mark.on_each_database
def test_a_change_is_stored_and_noted(side: OAuthSide, accounts: ServiceAccountService) -> None:
    anna = add_user(side.database, side.clock)
    app = side.create_app()
    add(side, accounts, app, AccountDraft("before"))
    (account,) = side.accounts(app)
    with side.database.write() as work:
        draft = AccountDraft("after", anna.user_id, ("Infor-IDM",))
        accounts.change_account(Access(work, side.scope, side.operator), account.id, draft)
    (changed,) = side.accounts(app)
    assert (changed.description, changed.user_id, changed.scopes) == (
        "after",
        anna.user_id,
        ("Infor-IDM",),
    )
    with side.database.read() as work:
        trail = side.audit.list(work.within(side.scope), PageRequest(), [account.id]).items
    assert [entry.action for entry in trail] == [
        "service_account.changed",
        "service_account.created",
    ]


def test_a_disabled_account_cannot_log_in(side: OAuthSide, accounts: ServiceAccountService) -> None:
    app = side.create_app()
    file = side.credentials(app, account=False)
    row = add(side, accounts, app, AccountDraft())
    (account,) = side.accounts(app)
    with side.database.write() as work:
        side.service_accounts.set_account_disabled(
            Access(work, side.scope, side.operator), account.id, True
        )
    with pytest.raises(InvalidGrant):
        side.log_in({**file, "saak": row["Access Key"], "sask": row["Secret Key"]})


def test_only_an_administrator_of_the_tenant_and_only_with_the_password(
    side: OAuthSide, accounts: ServiceAccountService
) -> None:
    app = side.create_app()
    add(side, accounts, app, AccountDraft())
    (account,) = side.accounts(app)
    anna = add_user(side.database, side.clock)
    draft, proof = AccountDraft(), PasswordProof(anna.user_id, side.clock.now())
    with side.database.write() as work:
        access = Access(work, OTHER, side.operator)
        refused: list[Callable[[], object]] = [
            lambda: accounts.list_accounts(Access(work, side.scope, anna)),
            lambda: accounts.get_account(Access(work, side.scope, anna), account.id),
            lambda: accounts.add_account(Access(work, side.scope, anna), app.id, draft, proof),
            lambda: accounts.change_account(Access(work, side.scope, anna), account.id, draft),
        ]
        for attempt in refused:
            with pytest.raises(Forbidden):
                attempt()
        with pytest.raises(Unauthenticated):
            accounts.add_account(Access(work, side.scope, side.operator), app.id, draft, proof)
        with pytest.raises(NotFound):
            accounts.get_account(access, account.id)
        with pytest.raises(NotFound):
            accounts.change_account(access, account.id, draft)
        with pytest.raises(NotFound):
            accounts.add_account(access, app.id, draft, side.proof)
