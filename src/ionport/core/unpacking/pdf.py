"""What stands inside a PDF: its attached files, read in a process with limits.

A PDF is a program for its reader. It is opened in a process of its own, which may use a bounded
amount of memory and time and writes no file; when it ends badly, the PDF is refused and nothing
else is touched.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

MAX_ATTACHMENTS: Final = 100
"""How many attached files are read unless a setting says otherwise."""

_SECONDS: Final = 20
_MEMORY_BYTES: Final = 1_000_000_000
_MAX_OUTPUT_BYTES: Final = 100_000_000
_SEARCHED: Final = 1024
_ENCRYPTED: Final = 3
_TOO_LARGE: Final = 5
_HEADER: Final = struct.Struct(">IQ")
_CHILD: Final = Path(__file__).with_name("pdf_child.py")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a PDF; `name` is what the PDF calls it, which proves nothing."""

    name: str
    content: bytes


def is_pdf(content: bytes) -> bool:
    """Tell whether `content` is a PDF: its header stands in the first 1,024 bytes."""
    return b"%PDF-" in content[:_SEARCHED]


def attachments(content: bytes, most: int = MAX_ATTACHMENTS) -> list[Attachment]:
    """Return the files attached to a PDF, in its order; one with more than `most` is refused.

    Raises InvalidInput, each with what to do: `pdf_encrypted`, `pdf_damaged` (cut off, or no PDF),
    `pdf_too_large` (over `most` attachments, 100 MB of them, 1 GB of memory or 20 s).
    """
    limits = (_MEMORY_BYTES, _SECONDS, most, _MAX_OUTPUT_BYTES)
    arguments = tuple(map(str, limits))
    return list(_frames(ask_child(_CHILD, arguments, content, 2 * _SECONDS, _too_large(most))))


def ask_child(
    child: Path, arguments: Sequence[str], content: bytes, seconds: int, too_large: InvalidInput
) -> bytes:
    """Return what a program of ours makes of a PDF, in a process that limits itself.

    Raises InvalidInput: `pdf_encrypted`, `pdf_damaged`, and `too_large` at a limit.
    """
    try:
        # The program and its arguments are ours; the PDF comes over its standard input.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-B", str(child), *arguments],
            input=content,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise too_large from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode == _ENCRYPTED:
        raise InvalidInput(
            _("This PDF is encrypted. Ask the supplier for one without a password."),
            code="pdf_encrypted",
        )
    # A signal ends the process at a limit.
    if done.returncode == _TOO_LARGE or done.returncode < 0:
        raise too_large
    raise InvalidInput(
        _("This PDF is damaged or cut off. Ask the supplier to send it again."),
        code="pdf_damaged",
    )


def _too_large(most: int) -> InvalidInput:
    return InvalidInput(
        _(
            "This PDF is too large to be read: more than {count} attachments, or it takes too much"
            " memory or time. Ask the supplier for the invoice as XML."
        ).format(count=most),
        code="pdf_too_large",
    )


def _frames(output: bytes) -> Iterator[Attachment]:
    position = 0
    while position < len(output):
        name_size, size = _HEADER.unpack_from(output, position)
        name_at = position + _HEADER.size
        content_at = name_at + name_size
        position = content_at + size
        name = output[name_at:content_at].decode(errors="replace")
        yield Attachment(name, output[content_at:position])
