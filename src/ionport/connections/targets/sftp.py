"""A folder of an SFTP server, known by its pinned host key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ionport.connections.model import TargetKind
from ionport.connections.targets import errors
from ionport.connections.targets.files import WRITE, prove_files
from ionport.connections.targets.model import FileStore, Results, Target, TargetField
from ionport.connections.targets.remote import RemoteStore, told
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.core.secrets import Secret
from ionport.core.sftp.session import SftpAccount, check_account, open_sftp
from ionport.ionapi.addresses import AddressPolicy

_STAGE_OF: Final = {
    errors.ADDRESS_REFUSED: "network",
    errors.AWAY: "network",
    "no_asyncssh": "network",
    errors.HOST_KEY_CHANGED: "host_key",
    errors.SIGN_IN_REFUSED: "sign_in",
    errors.FOLDER_MISSING: "folder",
}


class SftpType:
    """An SFTP server. Its folder is never made."""

    kind = TargetKind.SFTP
    fields: tuple[TargetField, ...] = (
        TargetField("host", lambda: _("Server URL"), lambda: _("Its name or address."), limit=253),
        TargetField("port", lambda: _("Port"), is_number=True, default="22"),
        TargetField("username", lambda: _("Username"), limit=200),
        TargetField(
            "host_key",
            lambda: _("Host key"),
            lambda: _(
                "The server's public key, such as ssh-ed25519 AAAA… Get it from whoever runs the"
                " server; another key is refused."
            ),
            limit=5_000,
            has_lines=True,
        ),
        TargetField(
            "folder",
            lambda: _("Folder"),
            lambda: _("Where files are put, such as /invoices. It must be there."),
            default="/",
        ),
    )
    stages: tuple[tuple[str, str], ...] = (
        ("network", N_("Name and connection")),
        ("host_key", N_("Host key")),
        ("sign_in", N_("Sign-in")),
        ("folder", N_("Folder")),
        WRITE,
    )

    @property
    def summary(self) -> str:
        return _("A folder of an SFTP server, known by its host key.")

    def secret_label(self) -> str:
        return _("Password or private key")

    def proposed_secret(self) -> Secret:
        return Secret("")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        given = dict(target.parameters)
        given["host_key"] = " ".join(given.get("host_key", "").split())
        folder = posixpath.normpath(given.get("folder") or "/")
        if not folder.startswith("/") or "\0" in folder:
            wrong = _("Write a path that begins with /, such as /invoices.")
            raise InvalidInput(wrong, fields={"folder": wrong})
        checked = Target(self.kind, given | {"folder": folder}, target.secret)
        check_account(_account(checked), policy)
        return checked

    def place(self, parameters: Mapping[str, str]) -> str:
        return "sftp://{username}@{host}:{port}{folder}".format_map(parameters)

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        return prove_files(self, target, policy, _STAGE_OF)

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        path = posixpath.normpath(posixpath.join(target.parameters["folder"], folder))
        with told(path, ""), open_sftp(_account(target), policy, seconds) as session:
            if not session.is_folder(path):
                raise errors.folder_missing(path)
            yield RemoteStore(session, path)


def _account(target: Target) -> SftpAccount:
    given = target.parameters
    port = given.get("port", "")
    return SftpAccount(
        given.get("host", ""),
        int(port) if port.isascii() and port.isdigit() else 0,
        given.get("username", ""),
        given.get("host_key", ""),
        target.secret,
    )
