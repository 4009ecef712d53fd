"""Connections of each kind that lead to no Infor tenant, for the browser's look at their pages."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ionport.core.http.signed_webhooks import new_webhook_secret
from ionport.core.secrets import Secret
from ionport.documents.samples import read_sample
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.model import Delivery
from ionport.identity.access import Access
from tests.support.acknowledging import REJECTED, acknowledgement
from tests.support.lost_answers import lose_answers
from tests.support.sides import OPERATOR, until
from tests.support.whole import OTHER_INVOICE, Site


def add_targets(site: Site) -> dict[str, str]:
    """Add a connection of each kind, and a delivery into the folder that has failed."""
    assert site.application.settings.export_root
    # Nobody answers there: their proofs are told, without a wait.
    away = {"host": "127.0.0.1", "port": "9", "username": "exports", "secret": "for tests only"}
    sent = {
        "folder": {"folder": f"{site.application.settings.export_root}/archive"},
        "sftp": {**away, "host_key": _host_key(), "folder": "/invoices"},
        "smb": {**away, "share": "invoices"},
        "webhook": {
            "url": "https://receiver.example/hook",
            "secret": new_webhook_secret().reveal(),
        },
        "pull": {},
    }
    found = {kind: _target(site, kind, fields) for kind, fields in sent.items()}
    configuration = _configuration(site, "folder", found["folder"])
    return {
        "target": found["webhook"],
        "folder_configuration": configuration,
        "failed_delivery": _fail(site, configuration),
        "cause": _reject(site, configuration, found["folder"]),
        **{f"{kind}_target": connection for kind, connection in found.items()},
    }


def _target(site: Site, kind: str, fields: dict[str, str]) -> str:
    named = {"name": f"Archive by {kind}", **fields}
    page = site.browser.send(f"/settings/connections/new/{kind}", named)
    path = str(page.url.path)
    assert re.fullmatch(r"/settings/connections/con_\w+", path), page.text
    assert until(lambda: "pill-progress" not in site.browser.get(path).text), path
    return path.rpartition("/")[2]


def _host_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _configuration(site: Site, method: str, connection: str) -> str:
    sent = {"title": f"Invoices by {method}", "document_type": "INVOICE", "connection": connection}
    path = str(site.browser.send(f"/settings/export/new/{method}", sent).url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text), path
    return path.rpartition("/")[2]


def _deliver(site: Site, configuration: str, filename: str, number: bytes) -> Delivery:
    side = site.application.documents
    assert side is not None
    content = read_sample(OTHER_INVOICE).replace(b"RE-2026-0418", number)
    page = site.browser.send("/documents/upload", files=[("files", (filename, content))])
    found = re.search(r"/documents/(doc_\w+)", page.text)
    assert found is not None
    with site.application.database.write() as work:
        access = Access(work, site.organization, OPERATOR)
        (delivery,) = side.deliveries.export(access, found[1], configuration)
    side.runner.run(delivery.id)
    return delivery


def _fail(site: Site, configuration: str) -> str:
    """Deliver a document whose name somebody else's file has, and lose the answer."""
    archive = Path(site.application.settings.export_root) / "archive"
    (archive / "taken.xml").write_text("of somebody else")
    delivery_id = _deliver(site, configuration, "taken.xml", b"RE-2026-0777").id
    with site.application.database.write() as work:
        lose_answers(work, delivery_id)
    return delivery_id


def _reject(site: Site, configuration: str, connection: str) -> str:
    """Let the ERP reject a document that has been delivered, and return the cause's key."""
    delivery = _deliver(site, configuration, "free.xml", b"RE-2026-0778")
    path = f"/settings/connections/{connection}"
    token = re.search(r"ioa_[\w-]+", site.browser.send(f"{path}/token", form_at=path).text)
    side = site.application.documents
    assert token is not None
    assert side is not None
    told = read_acknowledgement(acknowledgement(delivery.correlation_id, REJECTED))
    with site.application.database.write() as work:
        endpoint = side.acknowledgements.caller(work, connection, Secret(token[0]))
        side.acknowledgements.receive(work, endpoint, told)
    found = re.search(
        r"/export-errors/([^/\"]+)/re-export", site.browser.get("/export-errors").text
    )
    assert found is not None
    return found[1]


def replace_file(site: Site, connection: str) -> str:
    """Let the connection at an address use another file, and return the id of the former one."""
    files = [("connection_file", ("renewed.ionapi", site.credentials("Renewed_TST")))]
    page = site.browser.send(f"{connection}/file", files=files).text
    found = re.search(r"/files/(cvr_\w+)/restore", page)
    assert found is not None, page
    return found[1]
