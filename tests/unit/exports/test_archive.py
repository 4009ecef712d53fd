"""The archive of a document holds all evidence, says its digests, and is the same each time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from ionport.core.errors import Forbidden, NotFound
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.exports.archive import DocumentArchive
from ionport.exports.engine.runner import DeliveryRunner
from ionport.identity.model import Actor
from tests.support.exporting import OPERATOR, DocumentSide
from tests.support.pdfs import pdf_with
from tests.unit.exports.conftest import Walk


def _archive(side: DocumentSide) -> DocumentArchive:
    return DocumentArchive(side.database, side.documents, side.deliveries, side.blobs)


def _files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_of_an_exported_document_has_what_was_received_sent_and_decided(
    walk: Walk, runner: DeliveryRunner, credentials: dict[str, str]
) -> None:
    document_id = walk.side.receive()
    delivery = walk.side.export(document_id)
    walk.run(runner, delivery.id)
    content = _archive(walk.side).make(walk.side.scope, OPERATOR, document_id)
    assert content == _archive(walk.side).make(walk.side.scope, OPERATOR, document_id)

    files = _files(content)
    sums = files.pop("SHA256SUMS").decode().splitlines()
    assert sums == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
    with walk.side.database.read() as work:
        original = walk.side.documents.content(work.within(walk.side.scope), document_id)
    assert files["original/471102.xml"] == original
    assert any(name.startswith(f"sent/{delivery.id}-") for name in files)
    rows = json.loads(files["document.json"])
    assert rows["document"]["fields"]["invoice_id"] == "471102"
    (told,) = rows["deliveries"]
    assert told["delivery"]["correlation_id"] == delivery.correlation_id
    assert {attempt["state"] for attempt in told["attempts"]} == {"succeeded"}
    text = files["document.txt"].decode()
    assert "IDM create: done" in text
    assert rows["timeline"][-1]["text"] in text
    assert credentials["cs"].encode() not in content
    assert credentials["sask"].encode() not in content


def test_what_is_attached_to_a_pdf_stands_beside_it_and_decisions_are_told(
    side: DocumentSide,
) -> None:
    xml = read_sample(CII_INVOICE)
    pdf = pdf_with(("../a.xml", xml), ("b.xml", read_sample(UBL_INVOICE)))
    document_id = side.add_document("..", pdf)
    side.documents.corrections.choose(side.database, side.scope, OPERATOR, document_id, "b.xml")
    files = _files(_archive(side).make(side.scope, OPERATOR, document_id))
    assert files["original/document"] == pdf
    assert files["attached/001-a.xml"] == xml
    assert "b.xml counts of the invoices in this PDF." in files["document.txt"].decode()
    (decision,) = json.loads(files["document.json"])["decisions"]
    assert (decision["kind"], decision["person"]) == ("choose", "test")


def test_nobody_gets_the_archive_of_a_document_of_others(side: DocumentSide) -> None:
    document_id = side.receive()
    with pytest.raises(Forbidden):
        _archive(side).make(side.scope, Actor("usr_1", "eve"), document_id)
    with pytest.raises(NotFound):
        _archive(side).make(side.scope, OPERATOR, "doc_nowhere")
