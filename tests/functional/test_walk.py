"""The whole walk by `ionport demo`, looked at from outside with plain HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ionport.core.unpacking.pdf import attachments

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def walk() -> Iterator[dict[str, Any]]:
    """The JSON of a demo that has walked and serves on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ionport", "demo", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "IONPORT_LOG_LEVEL": "WARNING"},
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    try:
        assert lines, "the demo printed nothing"
        yield json.loads("".join(lines))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def credentials(walk: dict[str, Any]) -> dict[str, str]:
    content: dict[str, str] = json.loads(Path(walk["credentials_file"]).read_bytes())
    return content


def _fetch(request: urllib.request.Request) -> bytes:
    with _NO_PROXY.open(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def _log_in(file: dict[str, str]) -> dict[str, Any]:
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    basic = base64.b64encode(f"{file['ci']}:{file['cs']}".encode()).decode()
    request = urllib.request.Request(
        file["pu"] + file["ot"],
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    answer: dict[str, Any] = json.loads(_fetch(request))
    return answer


def test_the_demo_proves_every_stage_and_delivers(walk: dict[str, Any]) -> None:
    states = {check["stage"]: check["state"] for check in walk["checks"]}
    # The demo has no users, and M3 asks for whom the service account acts.
    assert {stage for stage, state in states.items() if state != "passed"} == {"m3"}
    assert list(states) == ["file", "network", "token", "refresh", "idm", "ion", "m3", "ln"]
    assert all(check["milliseconds"] >= 0 for check in walk["checks"])
    assert walk["delivery_status"] == "delivered"
    assert walk["app"] == "DocBits_TST"
    assert len(walk["correlation_id"]) == 36
    assert walk["ion_message_id"]
    assert walk["erp_status"] == "posted"
    assert (walk["erp_reference"], walk["erp_voucher"]) == ("1-1001", "30000001")


def test_the_reported_item_holds_the_very_invoice(
    walk: dict[str, Any], credentials: dict[str, str]
) -> None:
    token = _log_in(credentials)["access_token"]
    item_url = f"{credentials['iu']}/{credentials['ti']}/IDM/api/items/" + urllib.parse.quote(
        walk["idm_pid"]
    )
    bearer = {"Authorization": f"Bearer {token}"}
    item = json.loads(
        _fetch(urllib.request.Request(item_url, headers={**bearer, "Accept": "application/json"}))
    )["item"]
    attributes = {entry["name"]: entry["value"] for entry in item["attrs"]["attr"]}
    assert walk["correlation_id"] in attributes.values()
    (file,) = (each for each in item["resrs"]["res"] if not each["name"])
    assert file["filename"].endswith(".pdf")
    (inside,) = attachments(_fetch(urllib.request.Request(file["url"], headers=bearer)))
    assert hashlib.sha256(inside.content).hexdigest() == walk["invoice_sha256"]


def test_the_gateway_is_closed_without_a_token(
    walk: dict[str, Any], credentials: dict[str, str]
) -> None:
    url = f"{credentials['iu']}/{credentials['ti']}/IDM/api/items/{walk['idm_pid']}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        _fetch(urllib.request.Request(url))
    assert refused.value.code == 401
    refused.value.close()


def test_a_revoked_token_is_refused_at_the_gateway(credentials: dict[str, str]) -> None:
    tokens = _log_in(credentials)
    basic = base64.b64encode(f"{credentials['ci']}:{credentials['cs']}".encode()).decode()
    revoke = urllib.request.Request(
        credentials["pu"] + credentials["or"],
        data=urllib.parse.urlencode({"token": tokens["refresh_token"]}).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    assert _fetch(revoke) == b"{}"
    ping = urllib.request.Request(
        f"{credentials['iu']}/{credentials['ti']}/IONSERVICES/api/ion/messaging/service/ping",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        _fetch(ping)
    assert refused.value.code == 401
    refused.value.close()


def test_the_credentials_have_infors_keys_order_and_shapes(
    walk: dict[str, Any], credentials: dict[str, str]
) -> None:
    order = "ti,cn,dt,ci,cs,iu,pu,oa,ot,or,ev,v,saak,sask"  # docs/reference/credentials.md#the-file
    assert ",".join(credentials) == order
    assert Path(walk["credentials_file"]).name == "DocBits_TST.ionapi"
    assert credentials["ci"] == walk["client_id"]
    assert len(credentials["ci"].partition("~")[2]) == 43
    assert len(credentials["saak"].partition("#")[2]) == 86
    assert len(credentials["cs"]) == len(credentials["sask"]) == 86
    assert credentials["pu"].endswith(f"/{credentials['ti']}/as/")
