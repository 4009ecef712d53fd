"""The parts of a tenant that runs in a test process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.identity.model import Actor
from ionport.infor_side import InforSide
from ionport.store import Database, TenantScope

ACTOR: Final = Actor.operator("test-suite")


@dataclass(frozen=True, slots=True)
class Parts:
    """One running tenant.

    Attributes:
        url: address of the server, without a slash at the end.
        user_id: the user that service accounts act for.
        clock: the machine's, which the tenant's may be ahead of.
        folder: goes when the server ends.
    """

    url: str
    scope: TenantScope
    user_id: str
    database: Database
    blobs: Blobs
    clock: Clock
    side: InforSide
    folder: Path
