from __future__ import annotations

import subprocess
import sys

import pytest

from ionport.core import xml
from ionport.core.errors import InvalidInput, TooLarge


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<a><b></a>", "line 1"),
        (b"<a>", "not well-formed"),
        (b"<a>" * 300_000, "nested too deeply"),
        (b"<!DOCTYPE a><a/>", "DOCTYPE"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DOCTYPE"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>", "DOCTYPE"),
        (b"%PDF-1.7", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
    ],
)
def test_bad_xml_is_refused_in_plain_words(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        xml.parse(content)


def test_xml_over_the_size_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge, match="at most 100"):
        xml.parse(b"<a>" + b" " * 200, max_bytes=100)


def test_comments_and_processing_instructions_are_dropped() -> None:
    root = xml.parse(b"<?x y?><a><!-- c --><b/></a>")
    assert [child.tag for child in root] == ["b"]


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" + b"<b/>" * 300_001 + b"</a>",
        b"<a>" + b"<!---->" * 300_001 + b"</a>",
        ("<a>" + "<b/>" * 300_001 + "</a>").encode("utf-16"),
        b"<a " + b" ".join(b"a%d=''" % n for n in range(300_001)) + b"/>",
    ],
    ids=["elements", "comments", "utf-16", "attributes"],
)
def test_more_elements_than_any_invoice_has_are_refused(content: bytes) -> None:
    with pytest.raises(TooLarge, match="more than 300000"):
        xml.parse(content)


def test_as_many_as_are_accepted_are_read() -> None:
    assert len(xml.parse(b"<a>" + b"<b>x</b>" * 299_999 + b"</a>")) == 299_999


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml_encoding"),
        ('<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037"), "xml_encoding"),
        (b"\xef\xbb\xbf<!-- <a> --><?x <y?>\n<!DOCTYPE a><a/>", "xml_doctype"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "xml_doctype"),
        ("<!DOCTYPE a><a/>".encode("utf-32"), "xml_doctype"),
        (b"\0\0\xfe\xff" + "<!DOCTYPE a><a/>".encode("utf-32-be"), "xml_doctype"),
        (b"<!-- never closed <!DOCTYPE a>", "xml_not_well_formed"),
    ],
)
def test_nothing_hides_from_the_look_before_the_tree(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        xml.parse(content)
    assert caught.value.code == code


_MEASURED = """
import resource, sys
from ionport.core.errors import IonportError
from ionport.documents.invoice.reading.reader import read_invoice
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
content = {content}
before = used()
try:
    read_invoice(content)
except IonportError as error:
    print(error.code, used() - before)
"""


@pytest.mark.parametrize(
    ("content", "code", "megabytes"),
    [
        ("b'<a>' + b'<b/>' * 4_750_000 + b'</a>'", "xml_too_many_elements", 60),
        ("b'<a>' + (b'<b>' + b'x' * 55 + b'</b>') * 299_999 + b'</a>'", "unknown_syntax", 200),
    ],
)
def test_a_file_takes_bounded_memory(content: str, code: str, megabytes: int) -> None:
    program = _MEASURED.format(content=content)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    found, used = ran.stdout.split()
    assert found == code
    assert int(used) < megabytes
