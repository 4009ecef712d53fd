"""Servers of files: their checks and their errors, the same for SFTP and SMB."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.core.sentences import told
from ionport.ionapi.addresses import AddressPolicy, resolve, system_resolver
from ionport.ionapi.errors import IonApiError

CONNECT_SECONDS: Final = 20.0


class RemoteAccount(Protocol):
    """Where to sign on, and how."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...


class RemoteCause(StrEnum):
    """Why something failed, for who acts on it."""

    ADDRESS = "address"
    HOST_KEY = "host_key"
    SIGN_IN = "sign_in"
    NO_FILE = "no_file"
    NOT_PERMITTED = "not_permitted"
    TAKEN = "taken"
    NAME = "name"
    FULL = "full"
    IN_USE = "in_use"
    SILENT = "silent"
    AWAY = "away"
    OTHER = "other"


class RemoteFailed(Unavailable):
    """The server or a file of it cannot be used; `cause` says why."""

    def __init__(self, text: str, cause: RemoteCause, code: str, detail: str | None = None) -> None:
        super().__init__(text, code=code, detail=detail)
        self.cause = cause


def wrong_fields(account: RemoteAccount, policy: AddressPolicy) -> dict[str, str]:
    """Return what is wrong with host, port and username, by the field's name."""
    wrong: dict[str, str] = {}
    try:
        policy.check_host(account.host)
    except IonApiError as error:
        wrong["host"] = told(error.message)
    if not account.host or any(sign.isspace() for sign in account.host):
        wrong["host"] = _("Write the name or address of the server.")
    if not 1 <= account.port <= 65_535:
        wrong["port"] = _("Write a number from 1 to {n}.").format(n=65_535)
    if not account.username:
        wrong["username"] = _("Fill in this field.")
    return wrong


def admitted_address(account: RemoteAccount, policy: AddressPolicy, code: str) -> str:
    """Return the address of a server; raises RemoteFailed where the policy admits none."""
    try:
        policy.check_host(account.host)
        found = resolve(
            account.host, account.port, timeout=CONNECT_SECONDS, resolver=system_resolver
        )
        return policy.admit(account.host, found)[0]
    except IonApiError as error:
        cause = RemoteCause.AWAY if error.transient else RemoteCause.ADDRESS
        raise RemoteFailed(error.message, cause, code, error.detail) from error
