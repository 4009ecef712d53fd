"""What an endpoint of the control plane is, and what it works with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from ionport.identity.access import Access
from ionport.oauth.tenant.service import TenantSettingsService
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.sandbox.kit.coverage import Registry
from ionport.store import Database, TenantScope

PREFIX: Final = "/_control"
# What every answer carries.
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class ControlServer:
    """What the endpoints work with.

    Attributes:
        registry: the imitated services, for the documents about them.
        allowed_hosts: the names that a Host header may have.
    """

    database: Database
    plane: ControlPlane
    registry: Registry
    recorder: RecorderService
    settings: TenantSettingsService
    allowed_hosts: Collection[str]


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One request, its key checked and its transaction open."""

    server: ControlServer
    access: Access[TenantScope]
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


ControlHandler = Callable[[ControlCall], Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: its function, and for its description the input.

    Attributes:
        path: behind the tenant.
        summary: one sentence.
        body: an example of the request's body; None when it takes none.
        query: names of the parameters, with what they mean.
        status: of the answer when all is well.
        reads_first: it opens the transaction that writes itself, when all else is done.
    """

    method: str
    path: str
    summary: str
    handler: ControlHandler
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] | None = None
    status: int = 200
    reads_first: bool = False

    @property
    def only_reads(self) -> bool:
        return self.method == "GET"

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.reads_first
