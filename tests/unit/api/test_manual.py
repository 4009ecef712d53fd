"""What the manual says of the API is what the API does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.identity.api_keys.model import ApiScope
from ionport.manual import read_page
from tests.support.api import api_key
from tests.support.manual_blocks import block
from tests.support.whole import INVOICE, Site
from tests.unit.web.pages.documents.test_documents import _active_export

PAGE = read_page("json-api").text


def test_the_manual_lists_every_address(api: TestClient) -> None:
    rows = []
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            does = operation["description"].split("\n")[0].rstrip(".")
            does = does[0].lower() + does[1:]
            rows.append(f"| {method.upper()} | `{path.removeprefix('/api/v1')}` | {does} |")
    assert re.findall(r"^\| (?:GET|POST|PATCH|PUT|DELETE) \|.*\|$", PAGE, re.M) == rows


def test_the_manual_lists_every_scope() -> None:
    assert re.findall(r"^\| `(\w+\.\w+)` \|", PAGE, re.M) == [scope.value for scope in ApiScope]


def test_the_client_of_the_manual_sends_in_and_exports(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _active_export(site)
    example = re.search(r"```python\n(.*?)```", PAGE, re.S)
    assert example is not None
    file = tmp_path / INVOICE
    file.write_bytes(read_sample(INVOICE))
    monkeypatch.setenv("IONPORT_URL", str(site.browser.http.base_url).rstrip("/"))
    monkeypatch.setenv("API_KEY", api_key(site))
    monkeypatch.setattr(sys, "argv", ["client.py", str(file)])
    exec(compile(example[1], "json-api.md", "exec"), {"__name__": "__main__"})
    document = capsys.readouterr().out.split()[-1]
    assert "Exporting" in site.browser.get(f"/documents/{document}").text


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL: the API was not asked by it")
def test_curl_lists_documents_and_sends_values_in(site: Site) -> None:
    url = str(site.browser.http.base_url).rstrip("/")
    environment = {**os.environ, "IONPORT_URL": url, "API_KEY": api_key(site)}

    def curl(beginning: str) -> Any:
        done = subprocess.run(
            [
                "bash",
                "-c",
                block("json-api", f'curl -H "Authorization: Bearer $API_KEY" {beginning}'),
            ],
            env=environment,
            capture_output=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    assert curl('"$IONPORT_URL/api/v1/documents?')["items"] == []
    assert curl('"$IONPORT_URL/api/v1/documents" \\')["id"].startswith("doc_")


def test_a_problem_has_the_members_that_the_page_shows(api: TestClient) -> None:
    content = read_sample(INVOICE)
    answers = [api.post("/documents", files={"file": (INVOICE, content)}) for _again in range(2)]
    shown = json.loads(block("json-api", '{\n  "type": "about:blank"'))
    assert answers[1].status_code == shown["status"]
    assert set(answers[1].json()) == set(shown)
