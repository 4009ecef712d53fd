"""QR codes as SVG: in the page itself where the content is a secret, or as an image."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup

from ionport.core.secrets import Secret


def qr_of(content: Secret) -> Markup:
    """Return the code as an SVG element without styles, black on white in any theme."""
    code = segno.make(content.reveal(), error="m", micro=False)
    svg = code.svg_inline(scale=5, border=4, light="#fff", omitsize=True, svgclass="qr-code")
    svg = svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
    return Markup(svg)  # noqa: S704 - made by segno of paths and colours alone


def qr_image(content: str) -> bytes:
    """Return the code as an SVG image of its own: the pages take no inline styles."""
    image = io.BytesIO()
    code = segno.make(content, error="m", micro=False)
    code.save(image, kind="svg", scale=6, border=4, light="#fff", xmldecl=False, svgns=True)
    return image.getvalue()
