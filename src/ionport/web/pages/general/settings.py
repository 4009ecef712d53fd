"""Settings: an accordion of cards, as in the original.

Source: docs/reference/document-system.md#export-settings.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.web.rendering.templating import render

MANUAL = "export"


def settings(request: Request) -> Response:
    """Show the cards, Document Processing open."""
    return render(request, "general/settings.html")


ROUTES = [Route("/settings", settings, name="settings")]
