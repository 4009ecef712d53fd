"""The sandbox keeps what its OpenAPI documents promise: no 5xx that was not ordered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CheckContext
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import status_code_conformance

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.kit.openapi import openapi
from ionport.sandbox.kit.operations import UNKNOWN_OPERATION, Operation, Service
from tests.support.examples import example_count
from tests.support.infor_side import OPERATOR, SCOPE, TENANT, InforSide
from tests.support.oauth import add_user
from tests.support.soap import SOAP

BOUNDED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def session(side: InforSide) -> Iterator[requests.Session]:
    """A client whose service account has a user, so that M3 lets it in."""
    user = add_user(side.database, side.clock, "schema")
    with requests.Session() as session:
        token = side.log_in(side.credentials(user_id=user.user_id))
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


def imitated(side: InforSide) -> list[Service]:
    return list(side.services.imitated.all())


def contexts() -> list[str]:
    return ["IDM", "IONSERVICES", "DATAFABRIC", "M3", "LN", "Mingle"]


def base_url(side: InforSide, service: Service) -> str:
    return f"{side.url}/{TENANT}/{service.context}"


def no_failure_but_a_fault(_context: CheckContext, response: Response, _case: Case[Any]) -> None:
    """SOAP wants 500 for what is wrong with a request, and then says what it is."""
    if response.status_code == 500:
        assert f"{{{SOAP}}}Fault".split("}")[1] in response.text, response.text
        assert "<messageText>" in response.text
    else:
        assert response.status_code < 500, response.text


def test_every_service_has_a_document(side: InforSide) -> None:
    assert {service.context for service in imitated(side)} == set(contexts())


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("context", contexts())
def test_every_answer_is_one_that_the_document_promises(
    side: InforSide, session: requests.Session, context: str, mode: GenerationMode
) -> None:
    (service,) = (each for each in imitated(side) if each.context == context)
    schema = from_dict(openapi(service, base_url(side, service), "1"))

    # What SQLite takes and PostgreSQL refuses comes early; the documents are the same.
    @settings(BOUNDED, max_examples=example_count(60 if side.database.is_sqlite else 15))
    @given(case=schema.as_strategy(generation_mode=mode))
    def hold(case: Case[Any]) -> None:
        case.call_and_validate(
            base_url(side, service),
            session,
            checks=[no_failure_but_a_fault, status_code_conformance],
            timeout=120,
        )

    hold()


def examples(side: InforSide) -> list[tuple[str, Operation]]:
    """Return the operations whose document has an example, each with its address."""
    return [
        (
            base_url(side, service) + operation.path.replace("{service}", "BusinessPartner_v3"),
            operation,
        )
        for service in imitated(side)
        for operation in service.operations
        if operation.wire.example and operation.method == "POST"
    ]


def send(
    session: requests.Session, url: str, operation: Operation, body: str | bytes
) -> requests.Response:
    # A path of any word stands for what has the same shape: a file's name.
    headers = {"Content-Type": operation.wire.takes[0]}
    return session.post(url.replace("{name}", "Preview"), data=body, headers=headers, timeout=120)


@pytest.mark.on_each_database
def test_every_example_is_taken(side: InforSide, session: requests.Session) -> None:
    found = examples(side)
    assert len(found) >= 6
    for url, operation in found:
        answer = send(session, url, operation, operation.wire.example)
        assert answer.ok, f"{url}: {answer.text}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


def changed(value: Any, data: st.DataObject) -> Any:
    """Return an example with one of its parts replaced, taken out or doubled."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        name = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.integers(0, 9)) == 0:
            return {each: value[each] for each in value if each != name}
        return {**value, name: changed(value[name], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        return [*value, changed(value[0], data)]
    return data.draw(JSON)


@BOUNDED
@given(data=st.data())
def test_an_example_with_anything_else_in_it_is_taken_or_refused(
    side: InforSide, session: requests.Session, data: st.DataObject
) -> None:
    found = [each for each in examples(side) if each[1].wire.takes == ("application/json",)]
    url, operation = data.draw(st.sampled_from(found))
    body = json.dumps(changed(json.loads(operation.wire.example), data))
    answer = send(session, url, operation, body.encode())
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("context", contexts())
def test_an_unknown_operation_is_an_explicit_error(
    side: InforSide, session: requests.Session, context: str
) -> None:
    url = f"{side.url}/{TENANT}/{context}"
    for method, path in (("GET", "/no/such/thing"), ("POST", "/"), ("DELETE", "/nothing")):
        answer = session.request(method, f"{url}{path}", timeout=120)
        assert answer.status_code == 404
        assert "does not imitate" in answer.text
    with side.database.read() as work:
        filters = CallFilter(service=context, operation=UNKNOWN_OPERATION)
        calls = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(), filters)
    assert calls.total >= 3
