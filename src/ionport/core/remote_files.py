"""What can go wrong with files of a server, told alike for SFTP and SMB."""

from __future__ import annotations

from enum import StrEnum

from ionport.core.errors import Unavailable


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
    SILENT = "silent"
    AWAY = "away"
    OTHER = "other"


class RemoteFailed(Unavailable):
    """The server or a file of it cannot be used; `cause` says why."""

    def __init__(self, text: str, cause: RemoteCause, code: str, detail: str | None = None) -> None:
        super().__init__(text, code=code, detail=detail)
        self.cause = cause
