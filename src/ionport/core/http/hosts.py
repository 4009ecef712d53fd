"""The Host header, read strictly: what is no plain name with a port counts as absent."""

from __future__ import annotations

import re

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?")


def split_host(header: str) -> tuple[str, str]:
    """Return name (lower case, without brackets) and port of a Host header; empty when absent."""
    match = _HOST.fullmatch(header)
    if match is None:
        return "", ""
    return (match[1] or match[2]).lower(), match[3] or ""
