"""A folder of a share of an SMB server, such as Windows or Samba."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from contextlib import AbstractContextManager

from ionport.connections.model import TargetKind
from ionport.connections.targets.files import WRITE, is_sub_folder
from ionport.connections.targets.model import Target, TargetField
from ionport.connections.targets.remote import RemoteSession, RemoteType, port_of
from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.core.smb.session import SmbAccount, check_smb_account, open_smb
from ionport.ionapi.addresses import AddressPolicy


class SmbType(RemoteType):
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

    def path(self, target: Target, folder: str) -> str:
        return posixpath.join("/", target.parameters["folder"], folder).rstrip("/")

    def session(
        self, target: Target, policy: AddressPolicy, seconds: float
    ) -> AbstractContextManager[RemoteSession]:
        return open_smb(_account(target), policy, seconds)


def _account(target: Target) -> SmbAccount:
    given = target.parameters
    return SmbAccount(
        given.get("host", ""),
        port_of(target),
        given.get("share", ""),
        given.get("username", ""),
        target.secret,
    )
