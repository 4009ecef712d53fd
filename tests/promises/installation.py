"""Data folders of the document side with deliveries that wait to be made."""

from __future__ import annotations

import base64
import random
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from ionport.application import Application, open_application
from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from ionport.settings import Side
from ionport.store import OrganizationScope
from tests.promises.counting import Ledger
from tests.support import databases, sides


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder of the document side, prepared, with nobody running its deliveries."""

    folder: Path
    database_url: str
    application: Application
    ledger: Ledger
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def close(self) -> None:
        """Give back what was opened in this process."""
        self.ledger.close()
        self.application.close()

    def reconnect(self) -> None:
        """Forget this process's connections to a database that was killed."""
        self.ledger.close()
        self.application.database.close()

    def export(self, count: int, size: int = 0, sub_organization_id: str | None = None) -> None:
        """Receive `count` invoices of at least `size` bytes, and put their deliveries in."""
        there = self.ledger.rows("SELECT count(*) FROM documents")[0][0]
        for number in range(there, there + count):
            # What another test has sent to the same Infor would be taken for the same invoice.
            numbered = f"{self.name}-{number}"
            self.receive(numbered, f"{number:05}", size, sub_organization_id, is_exported=True)

    def receive(
        self,
        number: str,
        name: str,
        size: int = 0,
        sub_organization_id: str | None = None,
        *,
        is_exported: bool = False,
    ) -> None:
        """Receive an invoice by its number and a name; with `is_exported` it goes out."""
        side, scope = (
            self.application.documents,
            OrganizationScope(self.application.organization.id),
        )
        assert side is not None
        content, filename = _invoice(number, size), f"{self.name}-{name}.xml"
        prepared = side.documents.prepare_receipt(scope, content, filename)
        with self.application.database.write() as work:
            access = Access(work, scope, sides.OPERATOR)
            document = side.documents.receive(access, prepared, sub_organization_id)
            if is_exported:
                side.deliveries.export(access, document.id)


class Template:
    """A data folder with schema and keys, copied for each test: opening a new one takes long."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._folder = folder / kind
        self._url = "" if kind == "sqlite" else databases.fresh_postgresql()
        open_application(sides.settings_of(self._folder, Side.DOCUMENTS, self._url)).close()

    def copy(
        self, folder: Path, credentials: tuple[str, bytes], url: str = "", **export: Any
    ) -> Installation:
        """Return a copy in `folder` with an active export over these credentials.

        `url` is of an empty PostgreSQL database to be used instead of a copy; `export` says
        another method, as `sides.configure_export` takes it.
        """
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)
        if self._url and not url:
            url = databases.fresh_postgresql()
            databases.copy_postgresql(self._url, url)
        application = open_application(sides.settings_of(folder, Side.DOCUMENTS, url))
        sides.configure_export(application, credentials, **export)
        return Installation(folder, url, application, Ledger(application.database.url))


def socket_of(url: str) -> str:
    """Return the path of the socket that a URL of PostgreSQL leads to."""
    host: Sequence[str] | str = make_url(url).query["host"]
    return f"{host if isinstance(host, str) else host[0]}/.s.PGSQL.5432"


def through(url: str, port: int) -> str:
    """Return a URL of PostgreSQL that leads through a relay's port."""
    there = make_url(url).set(host="127.0.0.1", port=port, query={})
    return there.render_as_string(hide_password=False)


def _invoice(number: str, size: int) -> bytes:
    head, _, tail = read_sample("demo-invoice-ubl.xml").decode().partition("<cbc:ID>")
    tail = tail.partition("</cbc:ID>")[2]
    content = f"{head}<cbc:ID>{number}</cbc:ID>{tail}"
    missing = size - len(content)
    if missing <= 0:
        return content.encode()
    # What is sent is a PDF with this inside, compressed: letters that a packer finds no rule in.
    letters = base64.b64encode(random.Random(number).randbytes(missing)).decode()
    return f"{content}<!--{letters[:missing]}-->".encode()
