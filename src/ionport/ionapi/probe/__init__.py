"""The staged proof of a connection: from the file to the suites, changing nothing there."""

from __future__ import annotations

from .results import Details, ProbeReport, StageResult, State
from .run import probe, probe_async

__all__ = ["Details", "ProbeReport", "StageResult", "State", "probe", "probe_async"]
