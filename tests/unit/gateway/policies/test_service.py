from __future__ import annotations

import json

import pytest

from ionport.core.errors import InvalidInput, IonportError, NotFound, TooLarge
from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.documentation import DocumentationDraft
from ionport.gateway.suites.model import (
    ApiSuite,
    PolicyDraft,
    PolicyFlow,
    PolicyType,
    TargetEndpoint,
)
from ionport.gateway.suites.openapi import describe
from ionport.identity.access import Access
from ionport.store import Database
from tests.support.custom_suites import Suites
from tests.unit.gateway.conftest import OPERATOR, SCOPE

pytestmark = pytest.mark.on_each_database


def test_policies_keep_their_order_and_type(
    database: Database, suites: Suites, suite: ApiSuite, only: TargetEndpoint
) -> None:
    def draft(kind: PolicyType, flow: PolicyFlow = PolicyFlow.REQUEST) -> PolicyDraft:
        return PolicyDraft(kind, "Name", flow, sample_policy(kind))

    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        add = suites.policies.add_policy
        first = add(access, suite.id, draft(PolicyType.QUOTA))
        second = add(access, suite.id, draft(PolicyType.HEADER))
        add(access, suite.id, draft(PolicyType.HEADER), only.id)
        listed = suites.policies.list_policies(access, suite.id)
        assert [policy.id for policy in listed] == [first.id, second.id]
        with pytest.raises(InvalidInput) as caught:
            add(
                access,
                suite.id,
                draft(PolicyType.QUOTA, PolicyFlow.RESPONSE),
            )
        assert list(caught.value.fields) == ["flow"]
        other = draft(PolicyType.HEADER)
        with pytest.raises(InvalidInput) as caught:
            suites.policies.change_policy(access, first.id, other)
        assert list(caught.value.fields) == ["type"]
        off = sample_policy(PolicyType.QUOTA).replace('enabled="true"', 'enabled="false"')
        changed = suites.policies.change_policy(
            access,
            first.id,
            PolicyDraft(PolicyType.QUOTA, "Off", PolicyFlow.REQUEST, off),
        )
        assert (changed.name, changed.is_enabled) == ("Off", False)
        suites.policies.delete_policy(access, second.id)


OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Things\u0000"},
    "paths": {
        "/things": {
            "get": {"summary": "List things"},
            "post": {"operationId": "addThing"},
            "parameters": [],
        },
        "/bad": [],
    },
}


def test_documentation_is_kept_and_its_operations_are_shown(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        kept = suites.documentation.add_documentation(
            access,
            only.id,
            DocumentationDraft.read("Things", json.dumps(OPENAPI).encode()),
        )
        assert (kept.title, kept.version) == ("Things", "3.0.3")
        listed = suites.documentation.list_documentation(access, only.id)
        assert list(listed) == [kept]
        _found, text = suites.documentation.get_documentation(access, kept.id)
        assert [(op.method, op.path, op.summary) for op in describe(text).operations] == [
            ("GET", "/things", "List things"),
            ("POST", "/things", "addThing"),
        ]
        suites.documentation.delete_documentation(access, kept.id)
        with pytest.raises(NotFound):
            suites.documentation.get_documentation(access, kept.id)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"openapi: [", InvalidInput),
        (b"openapi: 1.0", InvalidInput),
        (b"\xff", InvalidInput),
        (b"[]", InvalidInput),
        (b"{}", InvalidInput),
        (b'{"openapi": 3}', InvalidInput),
        (b'{"swagger": "1.2"}', InvalidInput),
        (b"[" * 200_000, InvalidInput),
        (b" " * 2_000_001, TooLarge),
    ],
)
def test_what_is_no_documentation_is_refused(content: bytes, error: type[IonportError]) -> None:
    with pytest.raises(error):
        DocumentationDraft.read("n", content)


def test_an_endpoint_takes_ten_documents(
    database: Database, suites: Suites, only: TargetEndpoint
) -> None:
    content = json.dumps(OPENAPI).encode()
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        for number in range(10):
            draft = DocumentationDraft.read(f"n{number}", content)
            suites.documentation.add_documentation(access, only.id, draft)
        with pytest.raises(InvalidInput, match="at most 10"):
            suites.documentation.add_documentation(access, only.id, draft)
