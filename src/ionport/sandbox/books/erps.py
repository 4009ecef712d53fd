"""The sandbox's ERPs by name."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.clock import Clock
from ionport.sandbox.books.ln import LnBooks
from ionport.sandbox.books.m3 import M3Books
from ionport.sandbox.ln.service import LnService, LnSettings
from ionport.sandbox.m3.service import M3Service, M3Settings
from ionport.sandbox.messaging.flows.model import Erp
from ionport.sandbox.messaging.flows.ports import Books


def books_of(clock: Clock) -> Mapping[Erp, Books]:
    """Return the sandbox's ERPs."""
    return {
        Erp.M3: M3Books(M3Service(clock, M3Settings(require_user=False))),
        Erp.LN: LnBooks(LnService(clock, LnSettings())),
    }
