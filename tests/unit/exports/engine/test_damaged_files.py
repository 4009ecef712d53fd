"""A stored file that is damaged on the disk is never delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, OutcomeKind, StepKind
from tests.support.exporting import invoice
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def damage(folder: Path, digest: str) -> None:
    """Change one byte and nothing else, as a disk does."""
    path = next(folder.rglob(digest))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def payload_of(folder: Path, step: StepKind) -> str:
    """Return the digest of what a step will send."""
    has = {StepKind.IDM_CREATE: b'"entity_name"', StepKind.ION_PUBLISH: b"CaptureDocument"}
    (found,) = (
        path.name
        for path in (folder / "blobs").rglob("*")
        if path.is_file() and has[step] in path.read_bytes()
    )
    return found


@pytest.mark.parametrize("step", [StepKind.IDM_CREATE, StepKind.ION_PUBLISH])
def test_a_damaged_payload_fails_by_name_and_is_never_delivered(
    walk: Walk, runner: DeliveryRunner, tmp_path: Path, step: StepKind
) -> None:
    delivery_id = walk.exported("DAMAGED-1")
    digests: list[str] = []

    def after_the_look_up(method: str, _path: str) -> None:
        if method == "GET" and not digests:
            digests.append(payload_of(tmp_path, step))
            damage(tmp_path, digests[0])

    walk.proxy.after_commit = after_the_look_up
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is not DeliveryStatus.DELIVERED
    assert "blob_damaged" in {each.error_code for each in detail.attempts}
    assert digests[0] in " ".join(each.error_text for each in detail.attempts)
    assert walk.messages(detail) == []
    assert len(walk.items(detail)) == (0 if step is StepKind.IDM_CREATE else 1)


def test_a_damaged_document_fails_by_name_until_it_is_stored_again(
    walk: Walk, runner: DeliveryRunner, tmp_path: Path
) -> None:
    delivery_id = walk.exported("DAMAGED-2")
    document_id = walk.side.detail(delivery_id).delivery.document_id
    with walk.side.database.read() as work:
        document = walk.side.documents.get(work.within(walk.side.scope), document_id)
    damage(tmp_path, document.content_sha256)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.error_code == "blob_damaged"
    assert walk.items(detail) == []
    assert walk.side.blobs.put(invoice("DAMAGED-2", walk.side.supplier)) == document.content_sha256
    assert walk.side.blobs.get(document.content_sha256) == invoice("DAMAGED-2", walk.side.supplier)
