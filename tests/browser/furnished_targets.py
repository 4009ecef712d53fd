"""Connections of each kind that lead to no Infor tenant, for the browser's look at their pages."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ionport.core.http.signed_webhooks import new_webhook_secret
from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from tests.support.sides import OPERATOR, until
from tests.support.whole import OTHER_INVOICE, Desk


def add_targets(desk: Desk) -> dict[str, str]:
    """Add a connection of each kind, and a delivery into the folder that has failed."""
    assert desk.application.settings.export_root
    # Nobody answers there: their proofs are told, without a wait.
    away = {"host": "127.0.0.1", "port": "9", "username": "exports", "secret": "for tests only"}
    sent = {
        "folder": {"folder": f"{desk.application.settings.export_root}/archive"},
        "sftp": {**away, "host_key": _host_key(), "folder": "/invoices"},
        "smb": {**away, "share": "invoices"},
        "webhook": {
            "url": "https://receiver.example/hook",
            "secret": new_webhook_secret().reveal(),
        },
        "pull": {},
    }
    found = {kind: _target(desk, kind, fields) for kind, fields in sent.items()}
    configuration = _configuration(desk, "folder", found["folder"])
    return {
        "target": found["webhook"],
        "folder_configuration": configuration,
        "failed_delivery": _fail(desk, configuration),
        **{f"{kind}_target": connection for kind, connection in found.items()},
    }


def _target(desk: Desk, kind: str, fields: dict[str, str]) -> str:
    named = {"name": f"Archive by {kind}", **fields}
    page = desk.browser.send(f"/settings/connections/new/{kind}", named)
    path = str(page.url.path)
    assert re.fullmatch(r"/settings/connections/con_\w+", path), page.text
    assert until(lambda: "pill-progress" not in desk.browser.get(path).text), path
    return path.rpartition("/")[2]


def _host_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _configuration(desk: Desk, method: str, connection: str) -> str:
    sent = {"title": f"Invoices by {method}", "document_type": "INVOICE", "connection": connection}
    path = str(desk.browser.send(f"/settings/export/new/{method}", sent).url.path)
    assert until(lambda: "pill-progress" not in desk.browser.get(path).text), path
    return path.rpartition("/")[2]


def _fail(desk: Desk, configuration: str) -> str:
    """Deliver a document whose name somebody else's file has."""
    side = desk.application.documents
    assert side is not None
    archive = Path(desk.application.settings.export_root) / "archive"
    (archive / "taken.xml").write_text("of somebody else")
    content = read_sample(OTHER_INVOICE).replace(b"RE-2026-0418", b"RE-2026-0777")
    files = [("files", ("taken.xml", content))]
    found = re.search(
        r"/documents/(doc_\w+)", desk.browser.send("/documents/upload", files=files).text
    )
    assert found is not None
    with desk.application.database.write() as work:
        access = Access(work, desk.organization, OPERATOR)
        (delivery,) = side.deliveries.export(access, found[1], configuration)
    side.runner.run(delivery.id)
    return delivery.id
