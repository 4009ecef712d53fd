"""A folder of an SFTP server, known by its pinned host key."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from contextlib import AbstractContextManager

from ionport.connections.model import TargetKind
from ionport.connections.targets.files import WRITE
from ionport.connections.targets.model import Target, TargetField
from ionport.connections.targets.remote import RemoteSession, RemoteType, port_of
from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.core.sftp.session import SftpAccount, check_account, open_sftp
from ionport.ionapi.addresses import AddressPolicy


class SftpType(RemoteType):
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

    def path(self, target: Target, folder: str) -> str:
        return posixpath.normpath(posixpath.join(target.parameters["folder"], folder))

    def session(
        self, target: Target, policy: AddressPolicy, seconds: float
    ) -> AbstractContextManager[RemoteSession]:
        return open_sftp(_account(target), policy, seconds)


def _account(target: Target) -> SftpAccount:
    given = target.parameters
    return SftpAccount(
        given.get("host", ""),
        port_of(target),
        given.get("username", ""),
        given.get("host_key", ""),
        target.secret,
    )
