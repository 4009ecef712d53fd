"""A program that calls the JSON API with a key of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from starlette.testclient import TestClient

from ionport.asgi import build_asgi
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import Actor
from tests.support.whole import Site

ALL_SCOPES = tuple(ApiScope)


def api_key(
    site: Site,
    scopes: Iterable[str] = ALL_SCOPES,
    *,
    username: str = "ada",
    days: int | None = None,
) -> str:
    """Make a key for a user of the site's organization; returns it."""
    application = site.application
    assert application.documents is not None
    with application.database.write() as work:
        user = application.identity.find_user(work, username)
        assert user is not None
        _key, secret = application.documents.api_keys.create(
            Access(work, site.organization, Actor.operator()),
            f"{username}'s program",
            list(scopes),
            days=days,
            user_id=user.id,
        )
    return secret.reveal()


@contextmanager
def program(site: Site, key: str | None = None) -> Iterator[TestClient]:
    """A client of the API in this process; with the key of an administrator unless another."""
    authorization = {"Authorization": f"Bearer {api_key(site) if key is None else key}"}
    with TestClient(
        build_asgi(site.application),
        "http://api.example/api/v1",
        raise_server_exceptions=False,
        headers=authorization,
    ) as client:
        yield client


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Return the problem details of an answer with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["instance"] == answer.headers["x-request-id"]
    return body
