"""Postman's own runner sends requests by the environment that an app's page exports."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.support.processes import node_peer
from tests.functional.conftest import peer
from tests.support.web import PASSWORD
from tests.support.whole import site_on

_PEERS = Path(__file__).parents[2] / "peers"
_PATHS = ("IDM/api/datamodel/entities", "IONSERVICES/api/ion/messaging/service/ping")
PATIENCE_SECONDS = 120


def _run(environment: Path) -> Any:
    """Send both requests, and the first again after the access token has ended."""
    command = peer(lambda: node_peer("newman", 6, _PEERS / "newman.cjs"), "NEWMAN")
    script = _PEERS / "postman_pre_request.js"
    done = subprocess.run(
        [*command, str(environment), str(script), *_PATHS, "-", _PATHS[0]],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout)


def test_an_exported_environment_signs_on_and_refreshes_by_the_public_script(
    tmp_path: Path,
) -> None:
    file = tmp_path / "postman_environment.json"
    with site_on(tmp_path / "data", "") as site:
        app = str(site.add_app().url.path)
        proof = {"password": PASSWORD.reveal()}
        secret = {**proof, "with_secret": "on"}
        environment = site.browser.send(f"{app}/environments/postman", secret).json()
        account = {**proof, "create_service_account": "on", "without_user": "on"}
        credentials = site.browser.send(f"{app}/download", account).json()
        for variable in environment["values"]:
            # The keys were shown once, when the account was made: a person enters them.
            if variable["key"] in ("saak", "sask"):
                variable["value"] = credentials[variable["key"]]
        file.write_text(json.dumps(environment))
        done = _run(file)
    assert done["failures"] == []
    told = [(call["path"].split("/", 2)[2], call["status"]) for call in done["calls"]]
    token, first, second = ("as/token.oauth2", 200), (_PATHS[0], 200), (_PATHS[1], 200)
    assert told == [token, first, second, token, first]
    sent = [call["authorization"] for call in done["calls"] if call["authorization"]]
    assert all(authorization.startswith("Bearer ey") for authorization in sent)
    assert sent[0] == sent[1] != sent[2]
