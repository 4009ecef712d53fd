"""Shows errors at the command line: the public text, the fields, exit status 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ionport.core.errors import InvalidInput, IonportError
from ionport.ionapi.errors import IonApiError


@contextmanager
def show_errors() -> Iterator[None]:
    """Turn errors of services and of the client library into one clear message."""
    try:
        yield
    except InvalidInput as error:
        lines = [error.text]
        lines += [f"  {name}: {text}" for name, text in error.fields.items() if text != error.text]
        raise click.ClickException("\n".join(lines)) from error
    except IonportError as error:
        raise click.ClickException(error.text) from error
    except IonApiError as error:
        raise click.ClickException(f"{error.message}\n{error.remedy}".strip()) from error


def packages_missing(
    command: str, error: ModuleNotFoundError, extra: str = "server"
) -> click.ClickException:
    """Return the error for missing packages of a command; raises any other error again."""
    if not error.name or error.name.startswith("ionport"):
        raise error
    return click.ClickException(
        f"'ionport {command}' needs the extra '{extra}' (missing: {error.name}). Install it from"
        f" ionport's checkout: pip install '.[{extra}]'"
    )
