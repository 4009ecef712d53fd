"""Whatever is sent to the authorization and token endpoints, the answer is one of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionport.core.clock import MovableClock, SystemClock
from ionport.identity.access import Access
from ionport.oauth.apps.model import AppType
from ionport.oauth.apps.redirects import form_target, is_registered, wrong_redirect_url
from ionport.oauth.authorize.model import AuthorizationRefused
from ionport.oauth.protocol import OAuthError
from ionport.store import Database, sqlite_url
from tests.support.examples import example_count
from tests.support.oauth import OAuthSide, add_tenant
from tests.support.schema import create_schema

CALLBACK = "https://app.example.com/callback"
NAMES = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge"),
    *("code_challenge_method", "grant_type", "code", "code_verifier", "refresh_token", "token"),
    *("client_assertion", "client_assertion_type", "client_secret", "username", "password"),
)


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthSide]:
    database = Database(sqlite_url(Path(tmp_path_factory.mktemp("fuzz")) / "ionport.db"))
    create_schema(database)
    clock = MovableClock(SystemClock().now())
    add_tenant(database, clock)
    side = OAuthSide(database, clock)
    side.create_app("Web", type=AppType.WEB, redirect_urls=(CALLBACK,))
    yield side
    database.close()


def values(side: OAuthSide) -> st.SearchStrategy[str]:
    with side.database.read() as work:
        app = side.apps.find_app_by_name(Access(work, side.scope, side.operator), "Web")
    assert app is not None
    known = [
        app.client_id, CALLBACK, "code", "token", "S256", "plain", "authorization_code", "a.b.c",
        "refresh_token", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "e30.e30.e30",
    ]  # fmt: skip
    return st.one_of(st.sampled_from(known), st.text(max_size=60))


@settings(max_examples=example_count(150), deadline=None)
@given(data=st.data())
def test_an_authorization_request_is_read_or_refused(side: OAuthSide, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(NAMES[:7]), values(side)), max_size=9))
    query = urlencode(pairs, errors="surrogatepass")
    try:
        with side.database.read() as work:
            asked = side.approvals.read(work.within(side.scope), query)
        assert asked.redirect_uri == CALLBACK
    except AuthorizationRefused as refused:
        location = side.approvals.refusal(side.scope, refused)
        assert location is None or location.startswith((f"{CALLBACK}?", f"{CALLBACK}#"))
        assert location is None or location.isascii()


@settings(max_examples=example_count(150), deadline=None)
@given(data=st.data())
def test_a_token_request_is_answered_or_refused(side: OAuthSide, data: st.DataObject) -> None:
    sent = data.draw(st.dictionaries(st.sampled_from(NAMES), values(side), max_size=8))
    with pytest.raises(OAuthError):
        side.request(**sent)


@settings(max_examples=example_count(300), deadline=None)
@given(st.text(alphabet="htps:/.@#?*;, '\"\\[]x1_-\n%", max_size=40))
def test_what_can_be_registered_is_one_url_and_matches_itself_alone(url: str) -> None:
    for candidate in (url, f"https://{url}", f"http://127.0.0.1{url}"):
        if wrong_redirect_url(candidate, keeps_secret=False) is None:
            assert is_registered(candidate, (candidate,))
            assert not is_registered(candidate + "x", (candidate,))
            assert urlsplit(candidate).scheme
            assert not set(form_target(candidate)) & set(" ;,'\"\n")
