"""A folder of a share of an SMB server, such as Windows or Samba."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ionport.connections.model import TargetKind
from ionport.connections.targets import errors
from ionport.connections.targets.files import WRITE, is_sub_folder, prove_files
from ionport.connections.targets.model import FileStore, Results, Target, TargetField
from ionport.connections.targets.remote import RemoteStore, told
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.core.secrets import Secret
from ionport.core.smb.session import SmbAccount, check_smb_account, open_smb
from ionport.ionapi.addresses import AddressPolicy

_STAGE_OF: Final = {
    errors.ADDRESS_REFUSED: "network",
    errors.AWAY: "network",
    "no_smbprotocol": "network",
    errors.SIGN_IN_REFUSED: "sign_in",
    errors.FOLDER_MISSING: "folder",
}


class SmbType:
    """An SMB server. Its folder is never made."""

    kind = TargetKind.SMB
    fields: tuple[TargetField, ...] = (
        TargetField("host", lambda: _("Server URL"), lambda: _("Its name or address."), limit=253),
        TargetField("port", lambda: _("Port"), is_number=True, default="445"),
        TargetField(
            "username",
            lambda: _("Username"),
            lambda: _("With its domain where there is one, such as DOMAIN\\user."),
            limit=200,
        ),
        TargetField(
            "share", lambda: _("Share"), lambda: _("Its name, such as invoices."), limit=80
        ),
        TargetField(
            "folder",
            lambda: _("Folder"),
            lambda: _(
                "In the share, such as in/2026; it must be there. Empty is the share itself."
            ),
            required=False,
        ),
    )
    stages: tuple[tuple[str, str], ...] = (
        ("network", N_("Name and connection")),
        ("sign_in", N_("Sign-in")),
        ("folder", N_("Share and folder")),
        WRITE,
    )

    @property
    def summary(self) -> str:
        return _("A folder of a share of Windows or Samba.")

    def secret_label(self) -> str:
        return _("Password")

    def proposed_secret(self) -> Secret:
        return Secret("")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        given = dict(target.parameters)
        given["folder"] = given.get("folder", "").replace("\\", "/").strip("/")
        if not is_sub_folder(given["folder"]):
            wrong = _("Write a path in the share without “..”, such as in/2026.")
            raise InvalidInput(wrong, fields={"folder": wrong})
        checked = Target(self.kind, given, target.secret)
        check_smb_account(_account(checked), policy)
        return checked

    def place(self, parameters: Mapping[str, str]) -> str:
        base = "smb://{username}@{host}:{port}/{share}".format_map(parameters)
        return posixpath.join(base, parameters["folder"]).rstrip("/")

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        return prove_files(self, target, policy, _STAGE_OF)

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        path = posixpath.join("/", target.parameters["folder"], folder).rstrip("/")
        with told(path or "/", ""), open_smb(_account(target), policy, seconds) as session:
            if not session.is_folder(path):
                raise errors.folder_missing(path or "/")
            yield RemoteStore(session, path)


def _account(target: Target) -> SmbAccount:
    given = target.parameters
    port = given.get("port", "")
    return SmbAccount(
        given.get("host", ""),
        int(port) if port.isascii() and port.isdigit() else 0,
        given.get("share", ""),
        given.get("username", ""),
        target.secret,
    )
