"""A control plane on a fresh database of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.sandbox.control.plane import ControlPlane
from ionport.store import Database


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def plane(database: Database, clock: MovableClock, blobs: FolderBlobs) -> ControlPlane:
    return ControlPlane(database, clock, KeyRing.generate(), blobs, AuditLog(clock))
