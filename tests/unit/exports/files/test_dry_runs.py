"""A dry run of methods without a mapping file tells the very names and bytes, and sends nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli import main
from ionport.connections.model import TargetKind
from ionport.core.clock import MovableClock
from ionport.core.http.signed_webhooks import new_webhook_secret
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.dry_run import DryRun, DryRunService, as_curl
from ionport.exports.model import DeliveryStatus, ExportMethod
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.files.test_file_exports import Files

NO_DELIVERY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def files(side: DocumentSide, clock: MovableClock, tmp_path: Path) -> Files:
    folder = tmp_path / "out"
    folder.mkdir()
    made = Files(side, clock, folder)
    made.connection_id = side.add_target(TargetKind.FOLDER, {"folder": str(folder)})
    return made


def dry_run(side: DocumentSide, document_id: str, used: ExportConfiguration) -> DryRun:
    service = DryRunService(
        side.database,
        side.clock,
        side.documents,
        side.connections,
        side.configurations,
        side.mappings,
        ReadablePageService(side.database, side.documents, side.blobs, side.clock),
        read=side.blobs.get,
    )
    return service.of_configuration(side.scope, OPERATOR, document_id, used.id)


def configured(files: Files, method: ExportMethod, **options: str) -> ExportConfiguration:
    return files.side.configure(files.connection_id, method, options=options, title="Invoices")


@pytest.mark.parametrize("data_file", ["xml", "json"])
def test_the_files_of_a_dry_run_are_those_that_are_then_written(
    files: Files, data_file: str
) -> None:
    (files.folder / "2026").mkdir()
    used = configured(
        files, ExportMethod.FOLDER, embedded_files="on", data_file=data_file, folder="2026"
    )
    document_id = files.side.receive("471102")
    run = dry_run(files.side, document_id, used)
    assert not run.obstacles
    assert not list((files.folder / "2026").iterdir()), "a dry run writes nothing"
    detail = files.deliver(document_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    written = {f"2026/{each.name}": each for each in (files.folder / "2026").iterdir()}
    assert {call.path for call in run.calls} == set(written)
    for call in run.calls:
        assert (call.method, as_curl(call)) == ("", "")
        content = written[call.path].read_bytes()
        told = {value.target: value.value for value in call.values}
        assert told["Place"] == str(files.folder)
        assert told["Bytes"] == str(len(content))
        if call.content_type != "application/pdf":
            as_planned = content.replace(
                detail.delivery.correlation_id.encode(), NO_DELIVERY.encode()
            )
            assert call.body.encode() == as_planned
        else:
            assert told["SHA-256"] == hashlib.sha256(content).hexdigest()
    assert run.calls[-1].path == "2026/471102.pdf"


def test_a_dry_run_after_a_delivery_has_the_names_of_a_re_export(files: Files) -> None:
    used = configured(files, ExportMethod.FOLDER)
    document_id = files.side.receive("471102")
    files.deliver(document_id)
    run = dry_run(files.side, document_id, used)
    assert [call.path for call in run.calls] == ["471102-2.xml", "471102-2.pdf"]


def test_a_webhook_is_told_with_its_headers_and_without_its_signature(
    files: Files,
) -> None:
    secret = new_webhook_secret().reveal()
    address = "https://example.com/in"
    files.connection_id = files.side.add_target(
        TargetKind.WEBHOOK, {"url": f"{address}?key=planted"}, secret
    )
    used = configured(files, ExportMethod.WEBHOOK)
    run = dry_run(files.side, files.side.receive("471102"), used)
    (call,) = run.calls
    assert (call.method, call.path, call.content_type) == ("POST", address, "application/json")
    assert json.loads(call.body)["fields_compact"]
    headers = dict(call.headers)
    assert headers["webhook-id"] == NO_DELIVERY
    assert "•" in headers["webhook-signature"]
    command = as_curl(call)
    assert command.startswith(f"curl -X POST {address}")
    assert "webhook-id" in command
    assert "Authorization" not in command
    for planted in (secret, "planted"):
        assert planted not in repr(run)
        assert planted not in command


def test_a_file_that_is_damaged_stands_in_the_way(files: Files) -> None:
    used = configured(files, ExportMethod.FOLDER, embedded_files="on")
    document_id = files.side.receive("471102")
    with files.side.database.read() as work:
        document = files.side.documents.get(work.within(files.side.scope), document_id)
    path = next(files.side.blobs._folder.rglob(document.content_sha256))
    path.write_bytes(b"damaged")
    run = dry_run(files.side, document_id, used)
    assert run.calls == ()
    assert any("damaged" in one.text for one in run.obstacles)


def test_on_premise_tells_the_files_that_wait_to_be_fetched(files: Files) -> None:
    files.connection_id = files.side.add_target(TargetKind.PULL, {})
    used = configured(files, ExportMethod.ON_PREMISE)
    run = dry_run(files.side, files.side.receive("471102"), used)
    assert [call.path for call in run.calls] == ["471102.xml", "471102.pdf"]


def test_the_command_says_what_it_does_not_know(tmp_path: Path) -> None:
    found = CliRunner().invoke(
        main, ["--data", str(tmp_path), "export", "dry-run", "doc_0", "--configuration", "cfg_0"]
    )
    assert found.exit_code == 1
    assert "ionport up" in found.output
