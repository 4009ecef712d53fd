from __future__ import annotations

from collections.abc import Callable

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Unavailable,
)
from ionport.core.paging import PageRequest
from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.documentation import DocumentationDraft
from ionport.gateway.suites.model import (
    MAX_ENDPOINTS,
    ApiSuite,
    PolicyDraft,
    PolicyFlow,
    PolicyType,
    ProxySecurity,
    SuiteDraft,
    SuiteIcon,
    SuiteQuery,
    TargetEndpoint,
    read_icon,
)
from ionport.gateway.suites.repository import EndpointRepository
from ionport.gateway.suites.target_secrets import open_security, sealed_for
from ionport.gateway.targets.security import (
    SECURITY_FIELDS,
    KeyMode,
    KeyParameter,
    SecurityDraft,
    SecurityType,
)
from ionport.identity.access import Access
from ionport.identity.model import Actor, TenantRole
from ionport.store import Database, SystemScope, TenantScope
from tests.support.custom_suites import Suites, endpoint
from tests.unit.gateway.conftest import DRAFT, OPERATOR, OTHER, SCOPE, TARGET

VISITOR = Actor("usr_1", "visitor", frozenset({("ACME_TST", TenantRole.USER)}))
BASIC = SecurityDraft(SecurityType.BASIC, {"user_id": "me", "password": "first"})


def _secrets(database: Database, suites: Suites, of: TargetEndpoint) -> dict[str, str]:
    with database.read() as work:
        sealed = EndpointRepository(work.connection).sealed(SCOPE, of.id)
        found = EndpointRepository(work.connection).get(SCOPE, of.id)
    assert found is not None
    return dict(open_security(suites.keys, found, sealed).values)


def test_a_suite_is_made_with_its_endpoint_and_is_active(
    suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    assert suite.is_active
    assert only.is_active
    assert suites.service.public_address(suite, only.proxy_context) == (
        "https://gw.example.com/ACME_TST/CustomerApi/DocBits-Sandbox/Sandbox"
    )


def test_a_suite_without_an_endpoint_is_refused(database: Database, suites: Suites) -> None:
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        suites.service.create_suite(Access(work, SCOPE, OPERATOR), DRAFT, [])
    assert "at least one endpoint" in caught.value.fields["endpoints"]


@pytest.mark.on_each_database
def test_an_api_context_is_unique_in_its_tenant_in_any_case(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    again = SuiteDraft("a", "b", "c", "docbits-SANDBOX")
    with database.write() as work:
        with pytest.raises(Conflict) as caught:
            suites.service.create_suite(Access(work, SCOPE, OPERATOR), again, [endpoint(TARGET)])
        assert caught.value.existing_id == suite.id
        suites.service.create_suite(Access(work, OTHER, OPERATOR), again, [endpoint(TARGET)])


def test_an_api_context_cannot_be_changed(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        renamed = SuiteDraft("New", "Name", "Text", suite.context, "book")
        changed = suites.service.change_suite(access, suite.id, renamed)
        assert (changed.suite_name, changed.icon) == ("Name", "book")
        moved = SuiteDraft("New", "Name", "Text", "docbits-sandbox")
        with pytest.raises(InvalidInput) as caught:
            suites.service.change_suite(access, suite.id, moved)
    assert caught.value.code == "context_is_read_only"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (SuiteDraft("", "b", "c", "d"), "application_name"),
        (SuiteDraft("a", "b\n", "c", "d"), "suite_name"),
        (SuiteDraft("a", "b", " ", "d"), "description"),
        (SuiteDraft("a", "b", "c\x00", "d"), "description"),
        (SuiteDraft("a", "b", "c", ""), "context"),
        (SuiteDraft("a", "b", "c", "d/e"), "context"),
        (SuiteDraft("a", "b", "c", ".."), "context"),
        (SuiteDraft("a", "b", "c", "\u0130"), "context"),
        (SuiteDraft("a", "b", "c", "d" * 65), "context"),
        (SuiteDraft("a", "b", "c", "d", "no such/icon"), "icon"),
    ],
)
def test_a_wrong_field_of_a_suite_is_named(
    database: Database, suites: Suites, draft: SuiteDraft, field: str
) -> None:
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        suites.service.create_suite(Access(work, SCOPE, OPERATOR), draft, [endpoint(TARGET)])
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "http://api.example.com",
        "https://user:secret@api.example.com",
        "https://api.example.com/?key=1",
        "https://api.example.com/#here",
        "https://api.example.com/a b",
        "https://api.example.com ",
        "https://api.example.com/a/../b",
        "https://api.example.com/%2e%2e/b",
        "https://api.example.com:99999",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "http://127.0.0.2.example.com:8080/",
        "https://0.0.0.0/",
        "https://ex\u00e4mple.com/",
    ],
)
def test_a_target_that_may_not_be_called_is_refused(
    database: Database, suites: Suites, url: str
) -> None:
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        suites.service.create_suite(Access(work, SCOPE, OPERATOR), DRAFT, [endpoint(url)])
    assert list(caught.value.fields) == ["endpoints.0.target_url"]


@pytest.mark.parametrize(
    "url", ["https://a.example", "http://localhost:8080/x", "http://127.0.0.1", "http://[::1]:1/"]
)
def test_https_anywhere_and_http_on_this_computer_may_be_called(
    database: Database, suites: Suites, url: str
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        suite = suites.service.create_suite(access, DRAFT, [endpoint(url)])
        (only,) = suites.service.list_endpoints(access, suite.id)
    assert only.target_url == url


@pytest.mark.on_each_database
def test_endpoints_are_added_changed_and_deleted_but_never_the_last(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    service = suites.service
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        with pytest.raises(Conflict) as caught:
            service.add_endpoint(access, suite.id, endpoint(TARGET, proxy_context="SANDBOX"))
        assert caught.value.existing_id == only.id
        second = service.add_endpoint(access, suite.id, endpoint(TARGET, proxy_context="second"))
        draft = endpoint(TARGET, proxy_context="sandbox")
        with pytest.raises(Conflict):
            service.change_endpoint(access, second.id, draft)
        draft = endpoint(TARGET, proxy_context="third", proxy_security=ProxySecurity.ANONYMOUS)
        changed = service.change_endpoint(access, second.id, draft)
        assert changed.proxy_security is ProxySecurity.ANONYMOUS
        assert not service.set_endpoint_active(access, second.id, active=False).is_active
        service.delete_endpoint(access, only.id)
        with pytest.raises(Conflict, match="needs an endpoint"):
            service.delete_endpoint(access, second.id)


@pytest.mark.on_each_database
def test_a_suite_takes_a_bounded_number_of_endpoints(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        for number in range(1, MAX_ENDPOINTS):
            draft = endpoint(TARGET, proxy_context=f"p{number}")
            suites.service.add_endpoint(access, suite.id, draft)
        draft = endpoint(TARGET, proxy_context="more")
        with pytest.raises(InvalidInput, match="at most 100"):
            suites.service.add_endpoint(access, suite.id, draft)


@pytest.mark.on_each_database
def test_a_deleted_suite_takes_everything_along(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        draft = PolicyDraft(
            PolicyType.QUOTA, "Q", PolicyFlow.REQUEST, sample_policy(PolicyType.QUOTA)
        )
        policy = suites.policies.add_policy(access, suite.id, draft, only.id)
        suites.service.delete_suite(access, suite.id)
    with database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        with pytest.raises(NotFound):
            suites.service.get_endpoint(access, only.id)
        with pytest.raises(NotFound):
            suites.policies.get_policy(access, policy.id)
    with database.write() as work:
        suites.service.create_suite(Access(work, SCOPE, OPERATOR), DRAFT, [endpoint(TARGET)])


@pytest.mark.on_each_database
def test_suites_are_listed_by_name_found_and_turned_around(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    with database.write() as work:
        other = SuiteDraft("Z", "alpha", "percent 100%", "alpha")
        suites.service.create_suite(Access(work, SCOPE, OPERATOR), other, [endpoint(TARGET)])
    with database.read() as work:

        def names(query: SuiteQuery) -> list[str]:
            page = suites.service.list_suites(Access(work, SCOPE, OPERATOR), query)
            return [item.suite_name for item in page.items]

        assert names(SuiteQuery()) == ["alpha", "Sandbox"]
        assert names(SuiteQuery(descending=True)) == ["Sandbox", "alpha"]
        assert names(SuiteQuery("100%")) == ["alpha"]
        assert names(SuiteQuery("docbits")) == ["Sandbox"]
        assert names(SuiteQuery("%")) == ["alpha"]


def test_secrets_are_sealed_for_their_endpoint_and_never_come_back(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    with database.write() as work:
        draft = endpoint(TARGET, security=BASIC)
        changed = suites.service.change_endpoint(Access(work, SCOPE, OPERATOR), only.id, draft)
    assert changed.security.values == {"user_id": "me"}
    assert "first" not in repr(changed) + repr(draft) + repr(BASIC)
    assert _secrets(database, suites, only)["password"] == "first"
    with database.read() as work:
        sealed = EndpointRepository(work.connection).sealed(SCOPE, only.id)
    assert sealed is not None
    assert "first" not in sealed
    with pytest.raises(Unavailable):
        suites.keys.open(sealed, sealed_for("OTHER_TST", only.id))


def test_a_secret_left_empty_is_kept(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        suites.service.change_endpoint(access, only.id, endpoint(TARGET, security=BASIC))
        kept = SecurityDraft(SecurityType.BASIC, {"user_id": "you", "password": ""})
        draft = endpoint(f"{TARGET}/deeper", security=kept)
        suites.service.change_endpoint(access, only.id, draft)
    assert _secrets(database, suites, only) == {"user_id": "you", "password": "first"}


def test_a_kept_secret_cannot_be_sent_somewhere_else(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    kept = SecurityDraft(SecurityType.BASIC, {"user_id": "me"})
    elsewhere = [
        endpoint("https://thief.example", security=kept),
        endpoint("https://api.example.com:8443/base", security=kept),
        endpoint(TARGET, security=kept, ignore_certificate_errors=True),
        endpoint(TARGET, security=SecurityDraft(SecurityType.OAUTH1, {"access_key": "a"})),
    ]
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        suites.service.change_endpoint(access, only.id, endpoint(TARGET, security=BASIC))
        for draft in elsewhere:
            with pytest.raises(InvalidInput) as caught:
                suites.service.change_endpoint(access, only.id, draft)
            assert "Fill this in." in caught.value.fields.values()


def test_the_token_endpoint_is_judged_as_a_target(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    values = {"token_endpoint": "https://10.0.0.1/token", "client_id": "a", "client_secret": "b"}
    draft = endpoint(TARGET, security=SecurityDraft(SecurityType.OAUTH2, values))
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        suites.service.change_endpoint(Access(work, SCOPE, OPERATOR), only.id, draft)
    assert list(caught.value.fields) == ["security.token_endpoint"]


def _keys(*rows: tuple[KeyMode, str, str]) -> SecurityDraft:
    parameters = tuple(KeyParameter(*row) for row in rows)
    return SecurityDraft(SecurityType.API_KEY, parameters=parameters)


@pytest.mark.on_each_database
def test_api_keys_keep_their_values_by_name(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    first = _keys((KeyMode.HEADER, "X-Key", "one"), (KeyMode.QUERY, "key", "two"))
    second = _keys((KeyMode.QUERY, "key", ""), (KeyMode.HEADER, "X-Other", "three"))
    with database.write() as work:
        for draft in (first, second):
            changed = suites.service.change_endpoint(
                Access(work, SCOPE, OPERATOR), only.id, endpoint(TARGET, security=draft)
            )
        sealed = EndpointRepository(work.connection).sealed(SCOPE, only.id)
    opened = open_security(suites.keys, changed, sealed)
    assert [row.value for row in opened.parameters] == ["two", "three"]
    assert [row.value for row in changed.security.parameters] == ["", ""]


@pytest.mark.parametrize(
    "draft",
    [
        _keys(),
        _keys((KeyMode.HEADER, "X Key", "a")),
        _keys((KeyMode.HEADER, "Host", "a")),
        _keys((KeyMode.HEADER, "x_infor_identity2", "a")),
        _keys((KeyMode.HEADER, "X-Key", "")),
        _keys((KeyMode.HEADER, "X-Key", "a\r\nb: c")),
        _keys((KeyMode.HEADER, "X-Key", "a"), (KeyMode.HEADER, "x-key", "b")),
        _keys(*((KeyMode.HEADER, f"k{number}", "a") for number in range(11))),
        SecurityDraft(SecurityType.BASIC, {"user_id": "a:b", "password": "c"}),
        SecurityDraft(SecurityType.BASIC, {"user_id": "a\n", "password": "c"}),
        SecurityDraft(SecurityType.BASIC, {"user_id": "a", "password": "\ud800"}),
        SecurityDraft(SecurityType.OAUTH1, {"algorithm": "MD5", "access_key": "a"}),
        SecurityDraft(SecurityType.JWT, {"key": "k", "payload": "[]"}),
        SecurityDraft(SecurityType.JWT, {"key": "k", "expiration_seconds": "5"}),
        SecurityDraft(SecurityType.JWT, {"key": "no key"}),
    ],
)
def test_wrong_security_is_refused(
    database: Database, suites: Suites, only: TargetEndpoint, draft: SecurityDraft
) -> None:
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        suites.service.change_endpoint(
            Access(work, SCOPE, OPERATOR), only.id, endpoint(TARGET, security=draft)
        )
    assert all(name.startswith("security.") for name in caught.value.fields)


def test_every_type_has_its_fields() -> None:
    assert set(SECURITY_FIELDS) == set(SecurityType)


@pytest.mark.on_each_database
def test_sealed_secrets_follow_a_new_key(
    database: Database, suites: Suites, only: TargetEndpoint, clock: MovableClock
) -> None:
    with database.write() as work:
        draft = endpoint(TARGET, security=BASIC)
        suites.service.change_endpoint(Access(work, SCOPE, OPERATOR), only.id, draft)
    newer = Suites(database, clock, "https://gw.example.com")
    newer.keys = suites.keys.with_new_key()
    service = newer.service
    service._keys = newer.keys
    with database.write() as work:
        assert service.reseal(work.within(SystemScope("rotation"))) == 1
        assert service.reseal(work.within(SystemScope("rotation"))) == 0
    assert _secrets(database, newer, only)["password"] == "first"


def test_only_an_administrator_of_the_tenant_may(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    s, p, d = suites.service, suites.policies, suites.documentation
    quota = PolicyDraft(PolicyType.QUOTA, "Q", PolicyFlow.REQUEST, "")
    document = DocumentationDraft.read("n", b"openapi: 3.0.0")
    with database.write() as work:
        calls: list[Callable[[Access[TenantScope]], object]] = [
            lambda access: s.create_suite(access, DRAFT, [endpoint(TARGET)]),
            lambda access: s.get_suite(access, suite.id),
            lambda access: s.change_suite(access, suite.id, DRAFT),
            lambda access: s.set_suite_active(access, suite.id, active=False),
            lambda access: s.delete_suite(access, suite.id),
            lambda access: s.list_endpoints(access, suite.id),
            lambda access: s.get_endpoint(access, only.id),
            lambda access: s.add_endpoint(access, suite.id, endpoint(TARGET)),
            lambda access: s.change_endpoint(access, only.id, endpoint(TARGET)),
            lambda access: s.set_endpoint_active(access, only.id, active=False),
            lambda access: s.delete_endpoint(access, only.id),
            lambda access: p.list_policies(access, suite.id),
            lambda access: p.add_policy(access, suite.id, quota),
            lambda access: d.list_documentation(access, only.id),
            lambda access: d.add_documentation(access, only.id, document),
            lambda access: s.set_icon(access, suite.id, SuiteIcon("image/png", b"x")),
            lambda access: s.get_icon(access, suite.id),
        ]
        for call in calls:
            with pytest.raises(Forbidden):
                call(Access(work, SCOPE, VISITOR))
        with pytest.raises(Forbidden):
            s.list_suites(Access(work, SCOPE, VISITOR))
        for call in calls[1:]:
            with pytest.raises(NotFound):
                call(Access(work, OTHER, OPERATOR))


def test_every_change_leaves_an_audit_row(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        draft = endpoint(TARGET, security=BASIC)
        suites.service.change_endpoint(access, only.id, draft)
        suites.service.set_suite_active(access, suite.id, active=False)
    with database.read() as work:
        rows = suites.audit.list(work.within(SCOPE), PageRequest()).items
    assert {row.action for row in rows} == {
        "suite.created",
        "endpoint.created",
        "endpoint.changed",
        "suite.deactivated",
    }
    assert "first" not in repr(rows)


@pytest.mark.on_each_database
def test_an_icon_is_kept_with_its_type_until_its_suite_goes(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        for start in (b"\xff\xd8\xff", b"GIF89a", b"RIFF\n\x00\x00\x00WEBP", b"\x89PNG\r\n\x1a\n"):
            icon = read_icon(start + b"rest")
            suites.service.set_icon(access, suite.id, icon)
            assert suites.service.get_icon(access, suite.id) == icon
        assert icon.media_type == "image/png"
        with pytest.raises(NotFound):
            suites.service.get_icon(Access(work, OTHER, OPERATOR), suite.id)
        suites.service.delete_suite(access, suite.id)
        with pytest.raises(NotFound):
            suites.service.get_icon(access, suite.id)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"RIFFxxxxWAVE", b"GIF89a" + bytes(100_000)])
def test_what_is_no_small_picture_is_no_icon(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_icon(content)
    assert list(caught.value.fields) == ["icon_file"]
