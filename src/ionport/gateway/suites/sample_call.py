"""A call to try an endpoint with, ready for a shell."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from ionport.gateway.suites.openapi import Operation


def sample_call(address: str, operation: Operation | None, *, needs_token: bool) -> str:
    """Return a call of `address` for a shell. The token is a variable there: it is no part of the
    text, and neither is any other secret.
    """
    lines = [f"curl --globoff --request {operation.method if operation else 'GET'}"]
    lines[0] += f" {shlex.quote(address + (sample_path(operation) if operation else ''))}"
    if needs_token:
        lines.append('--header "Authorization: Bearer $ACCESS_TOKEN"')
    if operation is not None:
        lines += [
            f"--header {shlex.quote(f'{one.name}: {{{one.name}}}')}"
            for one in operation.parameters
            if one.place == "header" and one.is_required
        ]
        for body in operation.bodies[:1]:
            lines.append(f"--header {shlex.quote(f'Content-Type: {body.media_type}')}")
            lines.append("--data-binary @body")
    return " \\\n  ".join(lines)


def sample_path(operation: Operation) -> str:
    """Return an operation's path with the query that it needs; what to fill in has braces."""
    query = "&".join(
        f"{quote(one.name, safe='')}={{{one.name}}}"
        for one in operation.parameters
        if one.place == "query" and one.is_required
    )
    return quote(operation.path, safe="/{}:;@!$&'()*+,=~.-_") + (f"?{query}" if query else "")
