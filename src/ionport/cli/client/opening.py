"""The credential file that a command calls Infor with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ionport.ionapi import IonApiClient, IonApiFile

Command = TypeVar("Command", bound=Callable[..., Any])


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
    """Read a credential file; what is wrong with it is told."""
    try:
        return IonApiFile.load(path)
    except FileNotFoundError as error:
        raise click.ClickException(f"There is no such file: {path}") from error
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error


@contextmanager
def calling(path: Path) -> Iterator[IonApiClient]:
    """Open a client of the tenant that a credential file is for."""
    with IonApiClient(read_credential(path)) as client:
        yield client
