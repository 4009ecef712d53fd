"""The file inside a signed one is taken out whole, however the signature is encoded."""

from __future__ import annotations

import base64

import pytest

from ionport.core.errors import IonportError
from ionport.core.unpacking.signed import is_signed, unwrap_signed

CONTENT = b"<p:FatturaElettronica/>" * 40
_DATA = bytes.fromhex("06092a864886f70d010701")
_SIGNED = bytes.fromhex("06092a864886f70d010702")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + body


def _ber(tag: int, *parts: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def signed(content: bytes = CONTENT, *, chunks: int = 0, has_content: bool = True) -> bytes:
    """Return CMS SignedData: DER, or BER with the content in pieces of `chunks` bytes."""
    make = _ber if chunks else _der
    octets = _der(0x04, content)
    if chunks:
        pieces = (content[at : at + chunks] for at in range(0, len(content), chunks))
        octets = _ber(0x24, *(_der(0x04, piece) for piece in pieces))
    parts = (_DATA, make(0xA0, octets)) if has_content else (_DATA,)
    version, algorithms = _der(0x02, b"\x01"), _der(0x31)
    inner = make(0x30, version, algorithms, make(0x30, *parts), _der(0x31))
    return make(0x30, _SIGNED, make(0xA0, inner))


@pytest.mark.parametrize(
    "file",
    [
        signed(),
        signed(chunks=100),
        base64.b64encode(signed()),
        base64.encodebytes(signed(chunks=7)),
        b"-----BEGIN PKCS7-----\n" + base64.encodebytes(signed()) + b"-----END PKCS7-----\n",
    ],
    ids=["DER", "BER in pieces", "base64", "base64 in lines", "PEM"],
)
def test_what_was_signed_is_taken_out(file: bytes) -> None:
    assert is_signed(file)
    assert unwrap_signed(file, 10_000) == CONTENT


@pytest.mark.parametrize("content", [b"<Invoice/>", b"MIME-Version: 1.0\n", b"\x30\x03abc", b""])
def test_other_files_are_not_signed(content: bytes) -> None:
    assert not is_signed(content)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (signed()[:200], "signed_damaged"),
        (signed(chunks=50)[:200], "signed_damaged"),
        (signed()[:20], "signed_damaged"),
        (base64.b64encode(signed())[:-3], "signed_damaged"),
        (signed(chunks=1, content=b"x" * 60_000), "signed_damaged"),
        (_SIGNED[:0] + _ber(0x30, _SIGNED, _der(0xA0)), "signed_damaged"),
        (signed(has_content=False), "signed_without_content"),
        (signed(b"x" * 10_001), "too_large"),
    ],
    ids=["cut", "cut BER", "head", "cut base64", "too many pieces", "empty", "detached", "large"],
)
def test_a_signed_file_that_is_not_taken_says_why(file: bytes, code: str) -> None:
    with pytest.raises(IonportError) as raised:
        unwrap_signed(file, 10_000)
    assert raised.value.code == code
