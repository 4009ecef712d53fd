"""ZIP, gzip and mails are unpacked within limits, and each file keeps its way."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput, IonportError
from ionport.core.unpacking.archives import MAX_FILES
from ionport.documents.intake.containers import ReceivedFile, files_at, is_mail, unpack

INVOICE = b"<Invoice/>"
LIMIT = 1_000_000


def _zip(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def _mail(*files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Bills"
    message.set_content("Please find attached.")
    for name, content in files:
        kind = ("image", "png") if name.endswith(".png") else ("application", "octet-stream")
        message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    return message.as_bytes()


def _names(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(file.name, file.content) for file in unpack(ReceivedFile(name, content), LIMIT)]


def test_what_is_no_container_stays_as_it_is() -> None:
    assert _names("a.xml", INVOICE) == [("a.xml", INVOICE)]


def test_every_file_of_a_zip_is_taken_out_with_its_folder() -> None:
    content = _zip({"in/a.xml": INVOICE, "b.pdf": b"%PDF-", "__MACOSX/._a": b"x"})
    assert _names("two.zip", content) == [
        ("two.zip/in/a.xml", INVOICE),
        ("two.zip/b.pdf", b"%PDF-"),
    ]


def test_a_gzip_file_is_the_file_inside() -> None:
    assert _names("a.xml.gz", gzip.compress(INVOICE)) == [("a.xml", INVOICE)]


def test_a_mail_gives_what_may_be_an_invoice_and_a_zip_in_it_is_opened() -> None:
    content = _mail(
        ("a.xml", INVOICE), ("logo.png", b"\x89PNG"), ("b.zip", _zip({"b.xml": INVOICE}))
    )
    assert is_mail(content)
    assert [name for name, _content in _names("m.eml", content)] == [
        "m.eml/a.xml",
        "m.eml/b.zip/b.xml",
    ]


def test_a_mail_gives_documents_whatever_they_are_called() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@example.com", "Bills"
    message.set_content("Please find attached.")
    message.add_alternative("<html><body>Please find attached.</body></html>", subtype="html")
    pdf, table = b"%PDF-1.7", b'{"type": "INVOICE", "fields": {}}'
    declared = b'<?xml version="1.0"?>' + INVOICE
    message.add_attachment(INVOICE, maintype="application", subtype="xml")
    for name, content in (
        ("bill", pdf),
        ("bill.json", table),
        ("bill.txt", declared),
        ("a.b", b""),
    ):
        message.add_attachment(content, maintype="text", subtype="plain", filename=name)
    assert _names("m.eml", message.as_bytes()) == [
        ("m.eml/part-4.xml", INVOICE),
        ("m.eml/bill", pdf),
        ("m.eml/bill.json", table),
        ("m.eml/bill.txt", declared),
    ]


def test_xml_is_no_mail() -> None:
    assert not is_mail(b"<?xml version='1.0'?><Invoice>From: a</Invoice>")


def _deep(times: int) -> bytes:
    return gzip.compress(_deep(times - 1)) if times else INVOICE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_zip({}), "empty_archive"),
        (_zip({"a.xml": INVOICE})[:60], "archive_damaged"),
        (gzip.compress(INVOICE)[:12], "archive_damaged"),
        (_zip({"a.xml": b" " * (LIMIT + 1)}), "too_large"),
        (gzip.compress(b" " * (LIMIT + 1)), "too_large"),
        (_zip({f"{n}.xml": INVOICE for n in range(MAX_FILES + 1)}), "too_many_files"),
        (_zip({"[Content_Types].xml": b"", "word/document.xml": b""}), "not_an_einvoice"),
        (_deep(4), "archive_too_deep"),
        (_mail(), "empty_archive"),
    ],
    # What is compressed bears the time, and so would the tests' names.
    ids=["empty", "cut zip", "cut gzip", "large", "large gzip", "many", "Office", "deep", "mail"],
)
def test_a_container_that_is_not_taken_says_why(content: bytes, code: str) -> None:
    with pytest.raises(IonportError) as raised:
        unpack(ReceivedFile("a", content), LIMIT)
    assert raised.value.code == code


def _mail_naming(name: bytes) -> bytes:
    return _mail(("a.xml", INVOICE)).replace(b'filename="a.xml"', b"filename" + name)


@pytest.mark.parametrize(
    "name",
    [
        b"*=unicode_escape''%5cud800.xml",
        b'="=?utf-7?q?+2AA-?=.xml"',
        b"*=idna''xn--%e9.xml",
    ],
)
def test_a_mail_that_names_a_file_in_an_odd_charset_is_refused(name: bytes) -> None:
    content = _mail_naming(name)
    assert name in content
    with pytest.raises(InvalidInput) as raised:
        unpack(ReceivedFile("a.eml", content), LIMIT)
    assert raised.value.code == "mail_damaged"


def test_the_name_of_a_file_in_a_mail_can_be_stored() -> None:
    assert _names("m.eml", _mail_naming(b"*=utf-8''a%00.xml")) == [("m.eml/a.xml", INVOICE)]


def test_a_zip_whose_names_are_not_in_the_charset_that_it_claims_is_damaged() -> None:
    content = _zip({"\u00e9.xml": INVOICE}).replace("\u00e9".encode(), b"\xed\xff")
    with pytest.raises(InvalidInput) as raised:
        unpack(ReceivedFile("a.zip", content), LIMIT)
    assert raised.value.code == "archive_damaged"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have names in Unicode alone")
def test_a_file_on_the_disk_with_a_name_in_no_charset_gets_one_that_can_be_stored(
    tmp_path: Path,
) -> None:
    path = os.fsencode(tmp_path) + b"/r\xe9.xml"
    Path(os.fsdecode(path)).write_bytes(INVOICE)
    assert [(file.name, file.content) for file in files_at([tmp_path], LIMIT)] == [
        ("r?.xml", INVOICE)
    ]


def test_a_zip_with_a_password_is_told() -> None:
    content = bytearray(_zip({"a.xml": INVOICE}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    with pytest.raises(InvalidInput, match="password"):
        unpack(ReceivedFile("a.zip", bytes(content)), LIMIT)
