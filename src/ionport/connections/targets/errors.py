"""The errors of a target that is no Infor tenant, and what they mean for a delivery."""

from __future__ import annotations

import errno

from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.ionapi.errors import IonApiError


class TargetError(IonportError):
    """A target refused, could not be reached, or did not answer.

    `transient`: a retry may succeed. `sent`: the call may have had its effect. `retry_after` is
    in seconds, where the target asked to wait. A code in `REFUSALS` would come again until a person
    changes something.
    """

    status = 502
    default_code = "target_failed"

    def __init__(
        self,
        code: str,
        text: str,
        remedy: str = "",
        *,
        transient: bool = False,
        sent: bool = False,
        retry_after: float | None = None,
        http_status: int | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(text, code=code, detail=detail)
        self.remedy = remedy
        self.transient = transient
        self.sent = sent
        self.retry_after = retry_after
        self.http_status = http_status


ADDRESS_REFUSED = "address_refused"
HOST_KEY_CHANGED = "host_key_changed"
SIGN_IN_REFUSED = "sign_in_refused"
NOT_PERMITTED = "not_permitted"
FOLDER_MISSING = "folder_missing"
REDIRECT = "redirect"
NAME_TAKEN = "name_taken"
NAME_REFUSED = "name_refused"
FULL = "target_full"
IN_USE = "target_in_use"
AWAY = "target_away"
REFUSALS = frozenset({ADDRESS_REFUSED, HOST_KEY_CHANGED, SIGN_IN_REFUSED, NOT_PERMITTED, REDIRECT})
"""The codes that would end every delivery as they ended a proof."""


def folder_missing(folder: str) -> TargetError:
    """Return the error of a missing folder, such as an unmounted one: deliveries wait for it."""
    return TargetError(
        FOLDER_MISSING,
        _("There is no folder {folder}.").format(folder=folder),
        _("Make it, or mount what it stands on. Deliveries go on by themselves then."),
        transient=True,
    )


def not_permitted(place: str) -> TargetError:
    """Return the error that the system or the server forbids it."""
    return TargetError(
        NOT_PERMITTED,
        _("Writing to {place} is not permitted.").format(place=place),
        _("Give the account of ionport the right to read, write and rename files there."),
    )


def full(place: str) -> TargetError:
    """Return the error of a full disk or quota: deliveries wait."""
    return TargetError(
        FULL,
        _("There is no space left for {place}.").format(place=place),
        _("Make space, or raise the quota. Deliveries go on by themselves then."),
        transient=True,
    )


def in_use(place: str) -> TargetError:
    """Return the error that another program has a file open: deliveries wait."""
    return TargetError(
        IN_USE,
        _("Another program has {place} open.").format(place=place),
        _(
            "Wait until it lets go of the file: a virus scanner or a backup does so by itself."
            " Deliveries go on then."
        ),
        transient=True,
    )


def name_taken(name: str) -> TargetError:
    """Return the error that a file with this name and another content is there."""
    return TargetError(
        NAME_TAKEN,
        _("Another file with the name {name} is there already.").format(name=name),
        _(
            "Take that file away, or switch Filename Export Mode to the document's ID in the"
            " configuration; then choose Retry."
        ),
    )


def when_away() -> str:
    """Return what to do when a server does not answer."""
    return _(
        "Look whether the server runs, and compare the address of the connection with its own."
        " Deliveries go on by themselves then."
    )


def away(error: IonApiError) -> TargetError:
    """Return the error of an address that cannot be reached or must not be used."""
    return TargetError(
        AWAY if error.transient else ADDRESS_REFUSED,
        error.message,
        when_away() if error.transient else error.remedy,
        transient=error.transient,
        sent=error.sent,
        retry_after=error.retry_after,
        detail=error.detail,
    )


def of_system(error: OSError, folder: str, name: str) -> TargetError:
    """Return what an error of the operating system means for a file of a folder."""
    place = f"{folder}/{name}" if name else folder
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return folder_missing(folder)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return not_permitted(place)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full(place)
    if error.errno == errno.EEXIST:
        return name_taken(name)
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
        return name_refused(name)
    text = _("{place} cannot be used: {reason}.").format(
        place=place, reason=(error.strerror or type(error).__name__).rstrip(".")
    )
    return TargetError(TargetError.default_code, text, transient=True)


def name_refused(name: str) -> TargetError:
    """Return the error that the target takes no file of this name."""
    return TargetError(
        NAME_REFUSED,
        _("The target takes no file with the name {name}.").format(name=name[:200]),
        _("Switch Filename Export Mode to the document's ID in the configuration; then Retry."),
    )
