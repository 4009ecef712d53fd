"""An Infor side in a process of its own, as its promises need it: counted, killed and asked."""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from pathlib import Path

from tests.promises.counting import Infor
from tests.promises.wire import Wire
from tests.promises.workers import Workers
from tests.support import sides
from tests.support.ports import free_port


class Target:
    """An Infor side and a credential for it; killed, it comes back at the same address.

    The service account acts for a user, as M3 wants it.
    """

    def __init__(self, crew: Workers, folder: Path) -> None:
        self.folder = folder
        self.counts = Infor(folder)
        self._crew = crew
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process = crew.start_infor(folder, self._port)
        self.credentials = sides.make_credentials(folder, self.url, username="erp")

    def credentials_through(self, wire: Wire) -> tuple[str, bytes]:
        """Return the credential with all its addresses leading through a wire."""
        name, content = self.credentials
        return name, content.replace(self.url.encode(), wire.url.encode())

    def kill_and_start(self) -> None:
        self._process.kill()
        self._process = self._crew.start_infor(self.folder, self._port)

    def revoke(self, token: str) -> None:
        """Revoke an access token as its client may (RFC 7009)."""
        file = json.loads(self.credentials[1])
        pair = base64.b64encode(f"{file['ci']}:{file['cs']}".encode()).decode()
        request = urllib.request.Request(
            file["pu"] + file["or"],
            urllib.parse.urlencode({"token": token}).encode(),
            {"Authorization": f"Basic {pair}"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
