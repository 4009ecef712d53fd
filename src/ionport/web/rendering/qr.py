"""A QR code as SVG in the page itself: its content is a secret, and stands in no address."""

from __future__ import annotations

import segno
from markupsafe import Markup

from ionport.core.secrets import Secret


def qr_of(content: Secret) -> Markup:
    """Return the code as an SVG element without styles, black on white in any theme."""
    code = segno.make(content.reveal(), error="m", micro=False)
    svg = code.svg_inline(scale=5, border=4, light="#fff", omitsize=True, svgclass="qr-code")
    svg = svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
    return Markup(svg)  # noqa: S704 - made by segno of paths and colours alone
