"""What a stylesheet's result says of its encoding is how it is written."""

from __future__ import annotations

import pytest
from lxml import etree

from ionport.core.xslt.running import transform

_SHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:output method="xml" encoding="{encoding}"/>'
    '<xsl:template match="/"><a>ä</a></xsl:template></xsl:stylesheet>'
)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("x-nobody-knows", b'<?xml version="1.0"?>'),
        ("", b'<?xml version="1.0"?>'),
        ("utf-8-sig", b'<?xml version="1.0"?>'),
        ("ISO-8859-1", b'<?xml version="1.0" encoding="ISO-8859-1"?>'),
    ],
)
def test_an_encoding_that_nobody_knows_is_not_declared(encoding: str, said: bytes) -> None:
    made = transform(_SHEET.format(encoding=encoding), b"<d/>")
    assert made.startswith(said + b"\n")
    assert etree.fromstring(made).text == "ä"
