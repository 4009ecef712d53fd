from __future__ import annotations

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
