"""The committed OpenAPI document is the one that the API serves."""

from __future__ import annotations

from tools.openapi_file import FILE, openapi_text


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == openapi_text(), "run python -m tools.openapi_file"
