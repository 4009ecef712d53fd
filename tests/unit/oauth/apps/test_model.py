from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ionport.core.errors import InvalidInput
from ionport.oauth.apps.drafts import (
    MAX_ACCESS_TOKEN_SECONDS,
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    MAX_REFRESH_TOKEN_SECONDS,
    AppDraft,
)
from ionport.oauth.apps.model import AppType, AuthorizedApp, GrantType, name_key

GOOD = AppDraft(name="DocBits_TST", description="Exports invoices")


def wrong_fields(draft: AppDraft) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        draft.check()
    return caught.value.fields


def test_a_draft_with_infors_defaults_is_good() -> None:
    GOOD.check()
    assert GOOD.access_token_seconds == 2 * 3600
    assert GOOD.refresh_token_seconds == 0
    assert GOOD.issue_refresh_tokens is False


@pytest.mark.parametrize(
    "name", ["", "   ", "a\nb", "a\x00b", "x" * (MAX_NAME_LENGTH + 1), "\ud800"]
)
def test_a_bad_name_is_told_at_its_field(name: str) -> None:
    assert set(wrong_fields(replace(GOOD, name=name))) == {"name"}


@pytest.mark.parametrize("text", ["", " \n ", "a\x00b", "x" * (MAX_DESCRIPTION_LENGTH + 1)])
def test_a_bad_description_is_told_at_its_field(text: str) -> None:
    assert set(wrong_fields(replace(GOOD, description=text))) == {"description"}


def test_a_description_may_have_lines() -> None:
    replace(GOOD, description="one\r\ntwo\tthree").check()


@pytest.mark.parametrize("seconds", [-1, 0, 59, MAX_ACCESS_TOKEN_SECONDS + 1])
def test_the_access_token_lifetime_is_bounded(seconds: int) -> None:
    assert set(wrong_fields(replace(GOOD, access_token_seconds=seconds))) == {
        "access_token_seconds"
    }


@pytest.mark.parametrize("seconds", [0, 7200, 7201, MAX_REFRESH_TOKEN_SECONDS])
def test_a_refresh_token_lives_for_ever_or_at_least_as_long_as_the_access_token(
    seconds: int,
) -> None:
    replace(GOOD, issue_refresh_tokens=True, refresh_token_seconds=seconds).check()


@pytest.mark.parametrize("seconds", [-1, 1, 7199, MAX_REFRESH_TOKEN_SECONDS + 1])
def test_a_refresh_lifetime_below_the_access_tokens_is_refused(seconds: int) -> None:
    draft = replace(GOOD, issue_refresh_tokens=True, refresh_token_seconds=seconds)
    assert set(wrong_fields(draft)) == {"refresh_token_seconds"}


def test_a_refresh_lifetime_without_the_switch_is_refused() -> None:
    draft = replace(GOOD, issue_refresh_tokens=False, refresh_token_seconds=9000)
    assert "Issue Refresh Tokens" in wrong_fields(draft)["refresh_token_seconds"]


def test_all_wrong_fields_are_told_at_once() -> None:
    draft = AppDraft(name="", description="", access_token_seconds=1, refresh_token_seconds=5)
    assert len(wrong_fields(draft)) == 4


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("DocBits_TST", "TST"),
        ("DocBits_PROD", "PRD"),
        ("docbits prd", "PRD"),
        ("DocBits-Dev ", "DEV"),
        ("Invoices_TEST", "TST"),
        ("DocBits_DEMO", "DEM"),
        ("DocBits_TRN", "TRN"),
        ("LATEST", None),
        ("TST_DocBits", None),
        ("DocBits", None),
    ],
)
def test_the_environment_is_read_from_the_end_of_the_name(
    name: str, environment: str | None
) -> None:
    assert app_named(name).environment == environment


@pytest.mark.parametrize(
    "same", ["STRASSE", "straße", " Straße ", "Stra\N{LATIN SMALL LETTER LONG S}se"]
)
def test_names_are_the_same_without_regard_to_case_and_form(same: str) -> None:
    assert name_key(same) == name_key("Straße")


def app_named(name: str) -> AuthorizedApp:
    return AuthorizedApp(
        id="app_1",
        tenant_id="ACME_TST",
        client_id="ACME_TST~x",
        name=name,
        type=AppType.BACKEND_SERVICE,
        grant_type=GrantType.PASSWORD_CREDENTIALS,
        description="x",
        access_token_seconds=7200,
        issue_refresh_tokens=False,
        refresh_token_seconds=0,
        is_disabled=False,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        created_by="anna",
    )
