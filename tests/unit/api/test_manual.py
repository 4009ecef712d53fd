"""What the manual says of the API is what the API does."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.identity.api_keys.model import ApiScope
from ionport.manual import read_page
from tests.support.api import api_key
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
