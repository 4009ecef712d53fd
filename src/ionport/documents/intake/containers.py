"""Files that hold other files are unpacked before anything is read.

ZIP, gzip, mails, signed files (`.p7m`), and FatturaPA, JSON and CSV files with several invoices.

A PDF is no container in this sense: it is the invoice's page, with the invoice attached.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import Final

from ionport.core.errors import InvalidInput, IonportError, TooLarge
from ionport.core.http.texts import storable
from ionport.core.i18n import _
from ionport.core.unpacking.archives import MAX_FILES, files_of_zip, is_gzip, is_zip, unpack_gzip
from ionport.core.unpacking.pdf import is_pdf
from ionport.core.unpacking.signed import is_signed, unwrap_signed
from ionport.documents.intake.imports.files import import_type, split_import
from ionport.documents.intake.other_files import BEFORE_XML
from ionport.documents.invoice.reading.bodies import split_bodies

MAX_DEPTH: Final = 3
"""How deep containers may stand in containers: a mail with a ZIP file of signed files is read."""

_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,40}:[ \t]")
_OF_MAILS = re.compile(rb"(?im)^(from|received|return-path|message-id|mime-version):")
_HEAD: Final = 4096
_SUFFIXES: Final = (".xml", ".pdf", ".zip", ".gz", ".p7m", ".eml")
_OFFICE = ("[Content_Types].xml", "mimetype")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it came in, or as it stood in another one (`a.zip/b.xml`)."""

    name: str
    content: bytes
    problem: IonportError | None = None
    """Why it could not be read, for the report on each file."""


def is_mail(content: bytes) -> bool:
    """Tell whether `content` is a mail: header lines first, one of them a mail's."""
    head = content[:_HEAD].lstrip()
    return bool(_HEADER.match(head)) and bool(_OF_MAILS.search(head))


def unpack(file: ReceivedFile, max_bytes: int) -> list[ReceivedFile]:
    """Return the files inside `file`, or `file` itself when it is no container.

    What is no document is left out of mails (texts, pictures) and kept in archives, whose
    every file was put there by a person. `max_bytes` is the limit of one file.

    Raises:
        TooLarge, InvalidInput: over a limit, damaged, with a password, an Office file, or with
            nothing in it; the text says what to do.
    """
    return list(_unpack(file, max_bytes, MAX_DEPTH))


def _unpack(file: ReceivedFile, max_bytes: int, depth: int) -> Iterator[ReceivedFile]:
    content = file.content
    if not any(holds_files(content) for holds_files in (is_zip, is_gzip, is_signed, is_mail)):
        yield from _one_each(file)
        return
    if depth == 0:
        raise InvalidInput(
            _("{name} holds files in files in files in files. Unpack it first.").format(
                name=file.name
            ),
            code="archive_too_deep",
        )
    count = 0
    for inner in _inside(file, max_bytes):
        for found in _unpack(inner, max_bytes, depth - 1):
            count += 1
            if count > MAX_FILES:
                raise TooLarge(
                    _("{name} holds more than {limit} files.").format(
                        name=file.name, limit=MAX_FILES
                    ),
                    code="too_many_files",
                )
            yield found
    if not count:
        raise InvalidInput(
            _("{name} holds no file that could be an invoice.").format(name=file.name),
            code="empty_archive",
        )


def _one_each(file: ReceivedFile) -> Iterator[ReceivedFile]:
    is_import = bool(import_type(file.content))
    parts = (split_import if is_import else split_bodies)(file.content)
    if len(parts) == 1:
        yield file
        return
    for number, part in enumerate(parts, 1):
        name = PurePosixPath(file.name)
        yield ReceivedFile(f"{name.with_suffix('')}-{number}{name.suffix}", part)


def _inside(file: ReceivedFile, max_bytes: int) -> Iterator[ReceivedFile]:
    if is_gzip(file.content):
        name = file.name.removesuffix(".gz") if file.name.endswith(".gz") else file.name
        yield ReceivedFile(name, unpack_gzip(file.content, max_bytes))
    elif is_signed(file.content):
        name = file.name[:-4] if file.name.lower().endswith(".p7m") else file.name
        yield ReceivedFile(name, unwrap_signed(file.content, max_bytes))
    elif is_zip(file.content):
        for found in files_of_zip(file.content, max_bytes):
            if found.name in _OFFICE:
                raise InvalidInput(
                    _("{name} is an Office file. ionport reads XML and PDF files.").format(
                        name=file.name
                    ),
                    code="not_an_einvoice",
                )
            yield ReceivedFile(f"{file.name}/{found.name}", found.content)
    else:
        try:
            yield from _attached(file, max_bytes)
        except (ValueError, LookupError) as error:
            # The mail library trusts headers: among others it decodes by whatever they name.
            raise InvalidInput(
                _("{name} is a mail that cannot be read. Send the files in it alone.").format(
                    name=file.name
                ),
                code="mail_damaged",
            ) from error


def _attached(file: ReceivedFile, max_bytes: int) -> Iterator[ReceivedFile]:
    message = email.message_from_bytes(file.content, policy=email.policy.default)
    for number, part in enumerate(message.walk()):
        name = storable(part.get_filename() or "")
        content = None if part.is_multipart() else part.get_payload(decode=True)
        if not isinstance(content, bytes) or not _may_be_invoice(part, name, content):
            continue
        name = name or f"part-{number}.{'pdf' if is_pdf(content) else 'xml'}"
        if len(content) > max_bytes:
            raise TooLarge(
                _("{name} has {size} bytes; at most {limit} are accepted.").format(
                    name=name, size=len(content), limit=max_bytes
                ),
                code="too_large",
            )
        yield ReceivedFile(f"{file.name}/{name}", content)


def _may_be_invoice(part: Message, name: str, content: bytes) -> bool:
    """Tell whether a part is a document by its name, or whatever it is called by its content."""
    if part.get_content_maintype() == "image":
        return False
    if PurePosixPath(name.lower()).suffix in _SUFFIXES:
        return True
    is_declared = part.get_content_subtype() == "xml"
    is_xml = is_declared or content.lstrip(BEFORE_XML).startswith(b"<?xml")
    is_other = is_pdf(content) or is_signed(content) or bool(name and import_type(content))
    return is_xml or is_other


def files_at(paths: Iterable[Path], most: int) -> Iterator[ReceivedFile]:
    """Read files, and of folders every file that is not hidden, each when it is asked for.

    One that cannot be read has its `problem`; of one over `most` bytes one more is read, which
    tells that it is too large.
    """
    for path in paths:
        for file in _files_under(path) if path.is_dir() else (path,):
            name = storable(file.name)
            try:
                with file.open("rb") as opened:
                    yield ReceivedFile(name, opened.read(most + 1))
            except OSError as error:
                text = _("The file cannot be read: {reason}.")
                problem = InvalidInput(
                    text.format(reason=error.strerror or error), code="file_unreadable"
                )
                yield ReceivedFile(name, b"", problem)


def _files_under(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files_under(entry)
        elif entry.is_file():
            yield entry
