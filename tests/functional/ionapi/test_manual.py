"""The manual's pages about the client library: every example runs, each public name has one."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ionport import ionapi
from ionport.cli import main
from ionport.ionapi import (
    AsyncIonApiClient,
    ConnectionFailed,
    IonApiClient,
    IonApiFile,
    ItemDraft,
    ServiceError,
    probe,
    traced_by,
)
from ionport.manual import read_page
from ionport.testing.infor import Infor
from tests.support.manual_blocks import block

PAGES = ("client", "client-services")
FILE = "DocBits_TST.ionapi"
_EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)

# What the examples of other pages take as imported.
_IMPORTED: dict[str, object] = {"IonApiClient": IonApiClient, "IonApiFile": IonApiFile}


def _examples(page: str) -> Sequence[str]:
    return _EXAMPLE.findall(read_page(page).text)


def _catalogue(infor: Infor) -> None:
    """Let the data catalog know the objects that the pages name."""
    schema = {"properties": {"ITNO": {"type": "string"}, "QTY": {"type": "number"}}}
    parts = infor._parts
    with parts.database.write() as work:
        for name in ("Stock", "MITMAS"):
            entry = {"name": name, "type": "JSON", "schema": schema, "properties": None}
            parts.side.ion.lake.put_object(work.within(parts.scope), "test", entry)


@pytest.mark.parametrize("page", [*PAGES, "sandbox-datafabric"])
def test_every_example_of_a_page_runs_one_after_the_other(
    infor: Infor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    _catalogue(infor)
    (tmp_path / FILE).write_bytes(infor.ionapi_file().read_bytes())
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__", **_IMPORTED}
    for number, example in enumerate(_examples(page), start=1):
        exec(compile(example, f"{page}.md, example {number}", "exec"), namespace)


def test_the_queries_by_command_are_answered(
    infor: Infor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _catalogue(infor)
    (tmp_path / FILE).write_bytes(infor.ionapi_file().read_bytes())
    monkeypatch.chdir(tmp_path)
    outputs = []
    for line in block("sandbox-datafabric", "ionport compass").splitlines():
        done = CliRunner().invoke(main, shlex.split(line.partition(" > ")[0])[1:])
        assert done.exit_code == 0, f"{line}\n{done.output}"
        outputs.append(done.stdout)
    assert "No rows" in outputs[0]
    assert outputs[1].split() == ["ITNO"]


def test_the_test_of_the_page_about_test_suites_passes(infor: Infor) -> None:
    section = read_page("testing").text.split("## pytest")[1].split("### No test calls")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    code = "\n".join(line for line in lines if not line.startswith("pip "))

    def export(invoice: bytes, client: IonApiClient) -> None:
        attributes = (("BOD_SupplierInvoiceID", "471102"),)
        files = (("471102.pdf", invoice),)
        client.idm.create_item(ItemDraft("M3_SupplierInvoice", attributes, resources=files))

    namespace: dict[str, Any] = {"export": export, "invoice": b"%PDF-1.7"}
    exec(compile(code, "testing.md", "exec"), namespace)
    namespace["test_an_invoice_is_archived"](infor)


def test_the_faults_of_the_page_about_test_suites_are_ones(infor: Infor) -> None:
    section = read_page("testing").text.split("### What goes wrong")[1].split("\n#")[0]
    lines = [line.strip() for line in section.splitlines() if line.startswith("    infor.")]
    assert len(lines) >= 6
    exec("\n".join(lines), {"infor": infor})


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL: no token was asked for by it")
def test_the_request_for_a_token_by_curl_gets_one(infor: Infor) -> None:
    block = re.search(r"```\n(curl .*?)```", read_page("token-endpoint").text, re.DOTALL)
    assert block is not None
    file = json.loads(infor.ionapi_file().read_text())
    there = re.sub(r"http://127\S+token\.oauth2", file["pu"] + file["ot"], block[1])
    secrets = {name: file[name.lower()] for name in ("CI", "CS", "SAAK", "SASK")}
    done = subprocess.run(
        ["bash", "-c", there],
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["token_type"] == "Bearer"


def test_every_public_name_has_an_example() -> None:
    shown: set[str] = set()
    for page in PAGES:
        for example in _examples(page):
            names = [each.id for each in ast.walk(ast.parse(example)) if isinstance(each, ast.Name)]
            shown |= set(names)
    assert {*ionapi.__all__, *probe.__all__} - shown == set()


def test_the_first_call_takes_ten_lines() -> None:
    lines = [line for line in _examples("client")[0].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_each_operation_is_shown_and_awaitable() -> None:
    text = "".join("".join(_examples(page)) for page in PAGES)
    for service in ("idm", "messaging", "m3", "ln", "datafabric"):
        kind = type(getattr(IonApiClient(_file()), service))
        for name in (each for each in dir(kind) if not each.startswith("_")):
            assert f".{name}(" in text, f"{service}.{name} has no example"
            assert hasattr(getattr(AsyncIonApiClient(_file()), service), name)


def _file() -> IonApiFile:
    return IonApiFile.parse(
        b'{"ti":"A_TST","ci":"A_TST~c","cs":"s","iu":"https://a.example","pu":"https://b.example/"'
        b',"ot":"token.oauth2","saak":"A_TST#k","sask":"k"}'
    )


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def test_calls_are_spans_below_the_one_that_is_current(
    infor: Infor, spans: InMemorySpanExporter
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("test")
    file = IonApiFile.load(infor.ionapi_file())
    with (
        IonApiClient(file, on_exchange=traced_by(tracer)) as client,
        tracer.start_as_current_span("export") as parent,
    ):
        client.messaging.ping()
        with pytest.raises(ServiceError):
            client.idm.get_item("M3_SupplierInvoice-9-0-LATEST?secret=x")
        infor.faults.add("cut-before-commit", service="IDM", times=1)
        with pytest.raises(ConnectionFailed):
            client.idm.search("/M3_SupplierInvoice")
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {"POST sign on", "GET IONSERVICES", "GET IDM", "export"}
    assert all(
        span.parent and span.parent.span_id == parent.get_span_context().span_id
        for span in found.values()
        if span.name != "export"
    )
    ping, lost = found["GET IONSERVICES"], found["GET IDM"]
    assert _told(ping, "http.response.status_code") == 200
    assert _told(ping, "error.type") is None
    assert _told(lost, "error.type") == "connection_lost"
    assert (ping.end_time or 0) > (ping.start_time or 0)
    whole = str([dict(span.attributes or {}) for span in found.values()])
    assert not [secret for secret in file.secrets() if secret.reveal() in whole]
    (refused,) = [
        each
        for each in spans.get_finished_spans()
        if each.name == "GET IDM" and _told(each, "http.response.status_code")
    ]
    assert _told(refused, "error.type") == str(_told(refused, "http.response.status_code"))


def _told(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)
