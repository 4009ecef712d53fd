"""The sandbox keeps what its OpenAPI documents promise: no 5xx that was not ordered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CheckContext
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import status_code_conformance

from ionport.core.paging import PageRequest
from ionport.sandbox.control.model import CallFilter
from ionport.sandbox.openapi import openapi
from ionport.sandbox.operations import UNKNOWN_OPERATION, Service
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import OPERATOR, SCOPE, TENANT, InforSide, infor_side_on
from tests.support.oauth import add_user
from tests.support.soap import SOAP

BOUNDED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


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
    return ["IDM", "IONSERVICES", "M3", "LN", "Mingle"]


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

    @BOUNDED
    @given(case=schema.as_strategy(generation_mode=mode))
    def hold(case: Case[Any]) -> None:
        case.call_and_validate(
            base_url(side, service),
            session,
            checks=[no_failure_but_a_fault, status_code_conformance],
            timeout=20,
        )

    hold()


def test_every_example_is_taken(side: InforSide, session: requests.Session) -> None:
    examples = [
        (service, operation)
        for service in imitated(side)
        for operation in service.operations
        if operation.wire.example
    ]
    assert len(examples) >= 2
    for service, operation in examples:
        path = operation.path.replace("{service}", "BusinessPartner_v3")
        answer = session.request(
            operation.method,
            f"{base_url(side, service)}{path}",
            data=operation.wire.example,
            headers={"Content-Type": operation.wire.takes[0]},
            timeout=20,
        )
        assert answer.ok, answer.text


@pytest.mark.parametrize("context", contexts())
def test_an_unknown_operation_is_an_explicit_error(
    side: InforSide, session: requests.Session, context: str
) -> None:
    url = f"{side.url}/{TENANT}/{context}"
    for method, path in (("GET", "/no/such/thing"), ("POST", "/"), ("DELETE", "/nothing")):
        answer = session.request(method, f"{url}{path}", timeout=20)
        assert answer.status_code == 404
        assert "does not imitate" in answer.text
    with side.database.read() as work:
        filters = CallFilter(service=context, operation=UNKNOWN_OPERATION)
        calls = side.recorder.list(work, SCOPE, OPERATOR, PageRequest(), filters)
    assert calls.total >= 3
