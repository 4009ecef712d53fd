"""XML of foreign servers: no document type, bounded depth and size."""

from __future__ import annotations

import pytest

from ionport.ionapi.answers.xml_reader import MAX_BYTES, MAX_DEPTH, MAX_TEXT, BadXml, first_texts


def test_the_first_text_of_each_name_is_found_whatever_the_namespace() -> None:
    xml = b'<e xmlns:n="urn:x"><n:code> A&amp;B </n:code><code>second</code><m/></e>'
    assert first_texts(xml, ("code", "m", "none")) == {"code": " A&B ", "m": ""}


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"text",
        b"<a>",
        b"<a></b>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://evil.test/x"><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>',
        b"<a>&unknown;</a>",
        b'<?xml version="1.0" encoding="no-such-encoding"?><a/>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" + b" " * MAX_BYTES + b"</a>",
    ],
)
def test_anything_else_is_refused(xml: bytes) -> None:
    with pytest.raises(BadXml):
        first_texts(xml, ("a",))


def test_the_deepest_allowed_document_is_read() -> None:
    xml = b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH
    assert first_texts(xml, ("b",)) == {}


def test_long_texts_are_cut() -> None:
    found = first_texts(b"<a>" + b"x" * 1_000_000 + b"</a>", ("a",))
    assert MAX_TEXT <= len(found["a"]) < MAX_TEXT + 100_000
