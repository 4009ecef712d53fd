"""Files that a person saves: never shown by the browser, whatever is in them."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response


def attachment(content: bytes, filename: str) -> Response:
    """Return a file to save under `filename`.

    The content may come from anybody, so it has no type that a browser would open, and a policy
    under which it could run nothing.
    """
    # RFC 6266 §4.3: the plain form for old readers, the encoded one keeps every letter.
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_"
        for letter in filename
    )
    encoded = quote(filename, safe="", errors="replace")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )
