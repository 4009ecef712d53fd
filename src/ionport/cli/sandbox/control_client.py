"""The control plane of a running sandbox, over HTTP: what `ionport sandbox …` calls.

`ionport sandbox up` leaves an access file in the data folder, so that the other commands find the
server by themselves; for a server elsewhere its address and a control key are named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx2

ACCESS_FILE: Final = "sandbox-access.json"
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class ControlAccess:
    """Where a sandbox answers, and the key that its control plane asks for."""

    url: str
    tenant: str
    key: str

    def __repr__(self) -> str:
        return f"ControlAccess({self.url}, {self.tenant})"

    def write(self, path: Path) -> None:
        """Write it to a private file, in place of an earlier one."""
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)

    @classmethod
    def read(cls, path: Path) -> ControlAccess:
        """Read it back; raises ClickException when no sandbox has left it."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise click.ClickException(
                f"No sandbox serves the data folder {path.parent}. Start one with 'ionport sandbox"
                " up', or name another with --url, --tenant and --key."
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise click.ClickException(f"{path} cannot be read: {error}") from error


class ControlClient:
    """Calls the control plane of one tenant; every refusal becomes a ClickException."""

    def __init__(self, http: httpx2.Client, access: ControlAccess) -> None:
        self._http = http
        self._access = access

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON of an answer, None when it has no content."""
        address = f"{self._access.url}/_control/{self._access.tenant}{path}"
        given = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            answer = self._http.request(method, address, json=body, params=given)
        except httpx2.HTTPError as error:
            raise click.ClickException(
                f"The sandbox at {self._access.url} does not answer ({error}). Is it running?"
            ) from error
        if answer.is_error:
            raise click.ClickException(_refusal(answer))
        return answer.json() if answer.content else None


@contextmanager
def connected(
    data: str | None, url: str | None, tenant: str | None, key: str | None
) -> Iterator[ControlClient]:
    """Open a client of the sandbox that is named, or of the one that serves the data folder.

    Raises:
        ClickException: nothing is named and nothing serves the folder, or only a part is named.
    """
    if url or key:
        if not (url and key and tenant):
            raise click.ClickException(
                "Name --url, --tenant and --key together (IONPORT_CONTROL_URL,"
                " IONPORT_CONTROL_TENANT, IONPORT_CONTROL_KEY)."
            )
        access = ControlAccess(url.rstrip("/"), tenant, key)
    else:
        folder = Path(data or os.environ.get("IONPORT_DATA") or "data")
        access = ControlAccess.read(folder / ACCESS_FILE)
    headers = {"Authorization": f"Bearer {access.key}", "Accept": "application/json"}
    with httpx2.Client(headers=headers, timeout=_SECONDS, trust_env=False) as http:
        yield ControlClient(http, access)


def _refusal(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
        fields = problem.get("fields", {})
        lines = [str(problem["title"]), *(f"  {name}: {text}" for name, text in fields.items())]
        return "\n".join(lines)
    except (ValueError, KeyError, AttributeError):
        return f"The sandbox answered with status {answer.status_code}; is this its address?"
