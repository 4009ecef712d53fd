"""The API keeps what its OpenAPI document promises, whatever is sent: no 5xx."""

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

from ionport.documents.samples import read_sample
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.api import api_key
from tests.support.examples import example_count
from tests.support.whole import INVOICE, Site, site_on

BOUNDED = settings(
    deadline=None,
    max_examples=example_count(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site") / "data", "") as site:
        yield site


def no_fault(_context: CheckContext, response: Response, _case: Case[Any]) -> None:
    assert response.status_code < 500, response.text


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_one_that_the_document_promises(site: Site, mode: GenerationMode) -> None:
    url = str(site.browser.http.base_url).rstrip("/")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {api_key(site)}"
        api = f"{url}/api/v1"
        files = {"file": (INVOICE, read_sample(INVOICE))}
        session.post(f"{api}/documents", files=files, timeout=60)
        known = session.get(f"{api}/documents", timeout=60).json()["items"][0]["id"]
        mapping = {"file": own_template(MappingKind.M3)}
        session.post(f"{api}/mappings", files=mapping, timeout=60)
        own = session.get(f"{api}/mappings", timeout=60).json()["items"][0]["id"]
        schema = from_dict(session.get(f"{api}/openapi.json", timeout=60).json())

        @settings(BOUNDED)
        @given(case=schema.as_strategy(generation_mode=mode))
        def hold(case: Case[Any]) -> None:
            if "document_id" in case.path_parameters:
                case.path_parameters["document_id"] = known
            if "mapping_id" in case.path_parameters:
                case.path_parameters["mapping_id"] = own
            # The key of the session, not a made-up one.
            case.headers.pop("Authorization", None)
            case.call_and_validate(
                url, session, checks=[no_fault, status_code_conformance], timeout=120
            )

        hold()
