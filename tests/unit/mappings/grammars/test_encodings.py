from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.mappings.grammars.encodings import TextEncoding, decode, encode
from ionport.mappings.grammars.files import read_mapping
from ionport.mappings.grammars.properties import parse_properties
from tests.support.reference import reference_files

_SIGNS = st.characters(exclude_categories=["Cs"])


@pytest.mark.parametrize("encoding", list(TextEncoding))
def test_a_file_of_any_encoding_is_read_and_given_back(encoding: TextEncoding) -> None:
    content = encode("# M\u00e4rz\r\nSV_x=\u20ac\r\n\nSV_y =  \u00fc", encoding)
    text, found = read_mapping(content)
    assert found is encoding
    assert parse_properties(text).get("SV_x") == "\u20ac"
    assert encode(text, found) == content


def test_latin_1_is_read_with_its_signs() -> None:
    assert decode("SV_x=M\u00e4rz".encode("latin-1")) == ("SV_x=M\u00e4rz", TextEncoding.WINDOWS)


def test_a_sign_that_the_encoding_lacks_makes_the_file_utf_8() -> None:
    assert encode("a=\u4e2d", TextEncoding.WINDOWS) == "a=\u4e2d".encode()


@given(st.text(_SIGNS, max_size=300), st.sampled_from([*TextEncoding][:4]))
def test_what_is_parsed_prints_back_byte_for_byte(text: str, encoding: TextEncoding) -> None:
    content = encoding.mark + text.encode(encoding.codec)
    read, found = decode(content)
    assert encode(str(parse_properties(read)), found) == content


@pytest.mark.parametrize("path", reference_files("mappings/*.[pt]*"), ids=lambda path: path.name)
def test_each_published_file_prints_back_byte_for_byte(path: Path) -> None:
    text, encoding = read_mapping(path.read_bytes())
    assert encode(str(parse_properties(text)), encoding) == path.read_bytes()


def test_a_line_of_a_megabyte_is_one_line() -> None:
    text, encoding = read_mapping(b"a=1\nSV_x=" + b"y" * 1_000_000 + b"\nb=2")
    properties = parse_properties(text)
    assert len(properties.get("SV_x")) == 1_000_000
    assert properties.line("b") == 3
    assert encode(str(properties), encoding)[-3:] == b"b=2"
