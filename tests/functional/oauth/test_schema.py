"""The authorization server keeps what its OpenAPI document promises, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ionport.core.clock import Clock
from ionport.oauth.apps.model import GrantType
from ionport.oauth.http.routes import openapi
from ionport.oauth.tenant.endpoints import PATHS
from ionport.oauth.tenant.settings import UrlFlavour
from ionport.store import Database
from tests.support.examples import example_count
from tests.support.oauth import TENANT, OAuthSide, basic, serve_side

# What is promised is HTTP; the SQL behind it is tested on each database with its services.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

FORM = "application/x-www-form-urlencoded"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=example_count(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def side(database: Database, clock: Clock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side


def known_client(side: OAuthSide) -> dict[str, str]:
    """The headers of a client that may log in for itself."""
    app = side.create_app(grant_type=GrantType.CLIENT_CREDENTIALS)
    return {"Authorization": basic(side.credentials(app, account=False))}


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_one_that_the_document_promises(
    side: OAuthSide, mode: GenerationMode
) -> None:
    schema = from_dict(openapi(side.endpoints, TENANT))
    base_url, client = side.endpoints.issuer(TENANT), known_client(side)
    with requests.Session() as session:

        @BOUNDED
        @given(case=schema.as_strategy(generation_mode=mode), is_known=st.booleans())
        def hold(case: Case[Any], is_known: bool) -> None:
            headers = client if is_known else None
            case.call_and_validate(base_url, session, headers, checks=CHECKS, timeout=120)

        hold()


@pytest.mark.parametrize("flavour", UrlFlavour)
def test_a_login_is_answered_as_the_document_promises(side: OAuthSide, flavour: UrlFlavour) -> None:
    schema = from_dict(openapi(side.endpoints, TENANT, flavour))
    base_url, client = side.endpoints.issuer(TENANT), known_client(side)

    def ask(path: str, **form: Any) -> Response:
        case = schema[f"/{path}"]["POST"].Case(body=form, media_type=FORM)
        answer = case.call_and_validate(base_url, headers=client, checks=CHECKS, timeout=120)
        assert answer.status_code == 200
        return answer

    paths = PATHS[flavour]
    token = ask(paths.token, grant_type="client_credentials").json()["access_token"]
    assert ask(paths.introspection, token=token).json()["active"] is True
    ask(paths.revocation, token=token)
    assert ask(paths.introspection, token=token).json() == {"active": False}
