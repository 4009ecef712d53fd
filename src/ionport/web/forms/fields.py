"""Reading of submitted forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.secrets import Secret


def text_of(form: FormData, name: str) -> str:
    """Return a text field; empty when absent or when it is a file."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def lines_of(form: FormData, name: str) -> str:
    """Return a text of several lines as it was typed, with plain line ends."""
    value = form.get(name)
    # Browsers send every line end as CR LF (HTML, form submission).
    return re.sub(r"\r\n?", "\n", value) if isinstance(value, str) else ""


def secret_of(form: FormData, name: str) -> Secret:
    """Return a password field, unchanged and not printing."""
    value = form.get(name)
    return Secret(value if isinstance(value, str) else "")


def is_on(form: FormData, name: str) -> bool:
    """Tell whether a switch was on."""
    return text_of(form, name) == "on"


def is_judged(form: FormData) -> bool:
    """Tell whether the form was sent for the judgement of a file that was just chosen."""
    return text_of(form, "action") == "judge"


def whole_number(form: FormData, name: str) -> int | None:
    """Return a whole number of at most 9 digits; None when it is something else."""
    return number_in(text_of(form, name))


def number_in(text: str) -> int | None:
    """Return a text of at most 9 digits as a number; None when it is something else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a form."""

    filename: str
    content: bytes


def uploads_of(form: FormData, name: str) -> list[Upload]:
    """Return the files of an upload box, all of them read."""
    return list(each_upload(form, name))


def each_upload(form: FormData, name: str, most: int | None = None) -> Iterator[Upload]:
    """Yield the files of an upload box, each read when it is asked for, `most` bytes and one more.

    An empty box sends a nameless file, which is left out.
    """
    for file in form.getlist(name):
        if isinstance(file, UploadFile) and file.filename:
            file.file.seek(0)
            content = file.file.read(-1 if most is None else most + 1)
            yield Upload(filename=file.filename, content=content)


def errors_of(error: InvalidInput | Conflict) -> Mapping[str, str]:
    """Return field errors for a form; the whole text under an empty name when none is named."""
    named = error.fields if isinstance(error, InvalidInput) else {}
    return named or {"": error.text}
