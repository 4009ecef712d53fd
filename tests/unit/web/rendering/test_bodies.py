from __future__ import annotations

import json
import time

import pytest

from ionport.web.rendering.bodies import MAX_SHOWN, MAX_TEXT_IN_JSON, shown_body


def test_json_is_indented_and_every_value_stays_as_it_was_sent():
    sent = b'{"a":[1.10,{"b":"x, [y]: {z}"},[],{}],"c":1e400,"d":"\\u00e9\\""}'
    shown = shown_body(sent)
    assert shown.kind == "JSON"
    assert shown.text == (
        '{\n  "a": [\n    1.10,\n    {\n      "b": "x, [y]: {z}"\n    },\n    [],\n    {}\n  ],\n'
        '  "c": 1e400,\n  "d": "\\u00e9\\""\n}'
    )


def test_indenting_changes_nothing_but_white_space():
    value = {"items": [{"n": None, "t": True, "s": "a\nb"}, [[[]]], -0.5], "": {}}
    assert json.loads(shown_body(json.dumps(value).encode()).text) == value


def test_a_long_text_inside_json_is_shortened_with_its_length():
    content = "A" * (MAX_TEXT_IN_JSON + 10)
    shown = shown_body(json.dumps({"base64": content, "next": "kept"}).encode())
    assert content not in shown.text
    assert "2,012" in shown.text
    assert '"next": "kept"' in shown.text


def test_xml_is_indented():
    shown = shown_body(b'<?xml version="1.0"?><a><b>1</b><c x="2"/></a>')
    assert shown.kind == "XML"
    assert shown.text == '<a>\n  <b>1</b>\n  <c x="2"/>\n</a>'


@pytest.mark.parametrize(
    "content",
    [b"", b"plain words", b"{not json", b"<not><xml>", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'],
)
def test_what_is_neither_stays_as_it_was_sent(content: bytes):
    shown = shown_body(content)
    assert (shown.text, shown.kind) == (content.decode(), "")


def test_bytes_that_are_no_text_are_shown_as_replacements():
    words = b" and words" * 4
    assert shown_body(b"a\x00\x1b\xffz" + words).text == "a\ufffd\ufffd\ufffdz" + words.decode()


def test_a_file_that_is_no_text_is_told_and_not_shown():
    for content in (b"%PDF-1.7\n" + bytes(range(128, 256)) * 9, b"PK\3\4" + bytes(200)):
        shown = shown_body(content)
        assert shown.is_binary
        assert not shown.text
    in_parts = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + bytes(900)
    assert "form-data" in shown_body(in_parts).text


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b"[" * 900 + b",".join([b"1"] * 100_000) + b"]" * 900,
        b"<a>" * 200 + b"<b/>" * 60_000 + b"</a>" * 200,
        b"x" * 5_000_000,
    ],
    ids=["too deep", "deep and long", "deep XML", "large"],
)
def test_the_size_of_what_is_shown_is_bounded(content: bytes):
    began = time.thread_time()
    shown = shown_body(content)
    assert len(shown.text) <= MAX_SHOWN
    assert shown.is_cut
    assert time.thread_time() - began < 5
