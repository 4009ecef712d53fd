"""The credential file that a command calls Infor with, its shared tokens, and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ionport.cli.output import print_json
from ionport.ionapi import FileTokenStore, IonApiClient, IonApiFile
from ionport.ionapi.errors import CredentialFileError, IonApiError, RequestRefused

Command = TypeVar("Command", bound=Callable[..., Any])

REFUSED: Final = 1
UNKNOWN: Final = 3
LATER: Final = 4
_TOKEN_CACHE: Final = "IONPORT_TOKEN_CACHE"  # noqa: S105
_OFF: Final = "off"


def credential_option(command: Command) -> Command:
    """Give a command the option --with."""
    return click.option(
        "--with",
        "credential",
        type=click.Path(path_type=Path),
        required=True,
        envvar="IONPORT_IONAPI",
        show_envvar=True,
        help="The .ionapi file to sign on with.",
    )(command)


def read_credential(path: Path) -> IonApiFile:
    """Read a credential file; raises ClickException with what is wrong with it."""
    try:
        return IonApiFile.load(path)
    except FileNotFoundError as error:
        raise click.ClickException(f"There is no such file: {path}") from error
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error


def client_of(file: IonApiFile) -> IonApiClient:
    """Return a client whose tokens the next command of this user finds: Infor counts sign-ons.

    They lie in the folder that IONPORT_TOKEN_CACHE names, else in the user's cache where that can
    be written; `off` keeps them in memory.
    """
    place = os.environ.get(_TOKEN_CACHE, "").strip()
    if place == _OFF:
        return IonApiClient(file)
    try:
        folder = Path(place) if place else _cache() / "ionport" / "tokens"
        return IonApiClient(file, store=FileTokenStore(folder))
    except (OSError, RuntimeError) as error:
        if place:
            raise click.ClickException(
                f"Tokens cannot be kept in {place}: {error}. Name another folder in"
                f" {_TOKEN_CACHE}, or set it to '{_OFF}'."
            ) from error
        # A container's user has no home: each command signs on then.
        click.echo(f"Tokens are not kept for the next command: {error}", err=True)
        return IonApiClient(file)


@contextmanager
def calling(path: Path, *, as_json: bool = False, writes: bool = False) -> Iterator[IonApiClient]:
    """Open a client of a credential file's tenant, and end with the exit status of its errors.

    Exit status 1: refused; 3: it `writes`, and it is not known whether that was done; 4: not done,
    and the same command may succeed later.
    """
    try:
        with client_of(read_credential(path)) as client:
            yield client
    except IonApiError as error:
        _end(error, as_json=as_json, writes=writes)


def assignment(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.")
    return name.strip(), value.strip()


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one is to be ignored (XDG Base Directory Specification).
    return Path(named) if Path(named).is_absolute() else Path.home() / ".cache"


def _end(error: IonApiError, *, as_json: bool, writes: bool) -> None:
    status = _status(error, writes=writes)
    lines = [f"Error: {error.message}", error.remedy]
    if isinstance(error, CredentialFileError):
        told = error.message
        lines += [each.text for each in error.findings if each.text not in told]
    if status == UNKNOWN:
        lines.append("It may have been done all the same: look there before you repeat it.")
    if status == LATER and error.retry_after is not None:
        lines.append(f"Not before {round(error.retry_after)} seconds have passed.")
    if as_json:
        facts = {
            "code": error.code,
            "message": error.message,
            "remedy": error.remedy,
            "sent": error.sent,
            "transient": error.transient,
            "retry_after": error.retry_after,
        }
        print_json({"error": facts})
    else:
        click.echo("\n".join(line for line in lines if line), err=True)
    sys.exit(status)


def _status(error: IonApiError, *, writes: bool) -> int:
    if isinstance(error, RequestRefused | CredentialFileError):
        return REFUSED
    if writes and error.sent:
        return UNKNOWN
    return LATER if error.transient else REFUSED
