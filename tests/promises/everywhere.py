"""One installation that exports by every method that sends, and what has arrived at each target."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.core.secrets import Secret
from ionport.exports.destinations.infor_idm_m3 import VALIDATE_OPTION
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.store import OrganizationScope
from tests.promises.counting import Infor, assert_effects_once, assert_ledger_complete
from tests.promises.installation import Installation
from tests.support import erp_mappings, sides
from tests.support.receiver import Receiver, receiving
from tests.support.sftp import PASSWORD, sftp_server
from tests.support.smb import PASSWORD as SMB_PASSWORD
from tests.support.smb import smb_server

_SECRET = Secret("whsec_" + base64.b64encode(bytes(range(32))).decode())
# Returns the port that leads to the port of a method's server: through a relay, or that one itself.
Line = Callable[[ExportMethod, int], int]


@dataclass
class Places:
    """Where files are put, each a folder of this machine, and how often SFTP gave a name there.

    While `failing` is set, that server refuses a share of the renames, before or behind them.
    """

    root: Path
    failing: random.Random | None = None
    share: float = 0.0
    renamed: Counter[str] = field(default_factory=Counter)

    def folder(self, name: str) -> Path:
        made = self.root / name
        made.mkdir(exist_ok=True, parents=True)
        return made

    def on_rename(self, name: str, done: bool) -> None:
        if done and not name.startswith("."):
            self.renamed[name] += 1
        if self.failing is not None and self.failing.random() < self.share / 2:
            raise asyncssh.SFTPFailure("the server's disk is busy")


def direct(_method: ExportMethod, port: int) -> int:
    """Return the port itself: nothing lies between."""
    return port


@dataclass
class Counterparts:
    """Real servers that take what the methods send that do not go to Infor."""

    receiver: Receiver
    places: Places
    targets: dict[ExportMethod, Target]


@contextmanager
def counterparts(root: Path, line: Line = direct) -> Iterator[Counterparts]:
    """Serve a receiver of webhooks, and folders by SFTP and SMB, for the time of the block."""
    places = Places(root / "places")
    with receiving() as receiver, ExitStack() as stack:
        server = stack.enter_context(sftp_server(places.folder("sftp"), places.on_rename))
        account = server.account()
        home = root / "smbd"
        home.mkdir()
        share = stack.enter_context(smb_server(places.folder("smb"), home))
        for name in ("files", "infor"):
            places.folder(f"sftp/{name}")
        sftp = {
            "host": account.host,
            "port": str(line(ExportMethod.SFTP, account.port)),
            "username": account.username,
            "host_key": account.host_key,
        }
        smb = share.parameters(port=str(line(ExportMethod.SMB, share.port)))
        hook = {"url": f"http://127.0.0.1:{line(ExportMethod.WEBHOOK, receiver.port)}/hook"}
        targets = {
            ExportMethod.WEBHOOK: Target(TargetKind.WEBHOOK, hook, _SECRET),
            ExportMethod.SFTP: _sftp(sftp, "/files"),
            ExportMethod.INFOR_SFTP: _sftp(sftp, "/infor"),
            ExportMethod.SMB: Target(TargetKind.SMB, smb, Secret(SMB_PASSWORD)),
            ExportMethod.FOLDER: Target(TargetKind.FOLDER, {"folder": str(places.folder("local"))}),
        }
        yield Counterparts(receiver, places, targets)


def _sftp(parameters: dict[str, str], folder: str) -> Target:
    return Target(TargetKind.SFTP, {**parameters, "folder": folder}, Secret(PASSWORD))


# Those that send: On-Premise is fetched from.
METHODS = len(ExportMethod) - 1


class Everywhere:
    """An installation with an export of every method that sends, each for documents of its own."""

    def __init__(
        self,
        make: Callable[..., Installation],
        credentials: tuple[str, bytes],
        infor: Infor,
        others: Counterparts,
    ) -> None:
        self._infor, self._others = infor, others
        self.installation = make(credentials)
        self.ledger = self.installation.ledger
        self._scope = OrganizationScope(self.installation.application.organization.id)
        m3 = {"erp": erp_mappings.M3, "options": {VALIDATE_OPTION: "on"}}
        self._parts = [
            # What made the installation delivers by IDM and ION.
            None,
            self._part(credentials, ExportMethod.INFOR_IDM),
            self._part(credentials, ExportMethod.INFOR_ION_BOD),
            self._part(credentials, ExportMethod.INFOR_IDM_M3, **m3),
            self._part(
                credentials, ExportMethod.INFOR_IDM_M3_TOML, **{**m3, "erp": erp_mappings.TOML}
            ),
            self._part(credentials, ExportMethod.INFOR_IDM_LN, erp=erp_mappings.LN),
            *(
                self._part(credentials, method, target=target)
                for method, target in others.targets.items()
            ),
        ]

    def _part(self, credentials: tuple[str, bytes], method: ExportMethod, **export: Any) -> str:
        """Add a sub-organization that exports by a method, and return its id."""
        application = self.installation.application
        with application.database.write() as work:
            access = Access(work, self._scope, sides.OPERATOR)
            made = application.identity.create_sub_organization(access, method)
        sides.configure_export(
            application, credentials, method, sub_organization_id=made.id, **export
        )
        return made.id

    def export(self, count: int) -> None:
        """Receive so many invoices for every method, and put their deliveries in."""
        for part in self._parts:
            self.installation.export(count, sub_organization_id=part)

    def retry_failed(self) -> int:
        """Do what a person does who has looked at what failed: try it again."""
        application = self.installation.application
        assert application.documents is not None
        failed = self.ledger.rows("SELECT id FROM deliveries WHERE status = 'failed'")
        for (delivery,) in failed:
            with application.database.write() as work:
                access = Access(work, self._scope, sides.OPERATOR)
                application.documents.deliveries.retry(access, delivery)
        return len(failed)

    def assert_each_arrived_once(self) -> None:
        """Assert that each delivery is at its target once, and that the ledger is complete."""
        assert_effects_once(self._infor, self.ledger)
        assert_ledger_complete(self.ledger)
        bodies: dict[str, set[bytes]] = {}
        for call in tuple(self._others.receiver.calls):
            bodies.setdefault(call.id, set()).add(call.body)
        posted = self._ids_of("message_id", ExportMethod.WEBHOOK)
        assert bodies.keys() == posted
        differing = [list(map(len, each)) for each in bodies.values() if len(each) > 1]
        assert differing == [], "lengths of bodies that came under one id"
        for method, (folder, ends) in _FILES.items():
            names = [Path(name).stem for name in self._ids_of("document_name", method)]
            wanted = sorted(f"{name}{end}" for name in names for end in ends)
            assert sorted(each.name for each in self._others.places.folder(folder).iterdir()) == (
                wanted
            )
        assert set(self._others.places.renamed.values()) == {1}

    def _ids_of(self, column: str, method: ExportMethod) -> set[str]:
        rows = self.ledger.rows(f"SELECT {column} FROM deliveries WHERE method = '{method}'")
        return {row[0] for row in rows}


_FILES = {
    ExportMethod.FOLDER: ("local", (".pdf", ".xml")),
    ExportMethod.SMB: ("smb", (".pdf", ".xml")),
    ExportMethod.SFTP: ("sftp/files", (".pdf", ".xml")),
    ExportMethod.INFOR_SFTP: ("sftp/infor", (".pdf", ".bod.xml", ".idm.json")),
}
