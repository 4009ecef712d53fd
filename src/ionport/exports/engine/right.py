"""The right to send: proved in the database immediately before every authorised send.

The order is docs/decisions/0019-who-may-send-and-when-another-may.md: the boot clock is read,
`sent` is committed and the lease renewed by one compare-and-set, and only then may the call be
sent, within its window.
"""

from __future__ import annotations

from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.i18n import _
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.ledger.attempts import changed
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import Attempt, AttemptState
from ionport.exports.timing import ExportTiming
from ionport.ionapi import SendWindow, boot_time
from ionport.store import Database

# The call itself, its repeat after a 401, and one to spare.
MOST_SENDS = 3


class LeaseLost(Exception):
    """Another worker runs the delivery now: the call must not be sent."""


class NowHeld(Exception):
    """Document or connection were held since the pass began: the call must not be sent."""


class RightToSend:
    """Commits each send of one attempt; handed to the client library as its permit.

    `attempt` is the attempt as the ledger has it, `sends` how often it may have been sent,
    `running` the delivery without what was written with the first of them.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        records: PassRecords,
        timing: ExportTiming,
        running: RunningPass,
        attempt: Attempt,
    ) -> None:
        self.attempt = attempt
        self.sends = 0
        self._database = database
        self._clock = clock
        self._records = records
        self._timing = timing
        self.running = running

    def __call__(self) -> SendWindow:
        """Return the window in which the call may be sent now.

        Raises:
            LeaseLost: the pass was taken over, or the attempt was sent often enough.
            NowHeld: something holds document or connection; of this attempt nothing was sent.
            SQLAlchemyError: the database did not commit, or it is not known whether it did.
        """
        if self.sends >= MOST_SENDS:
            raise LeaseLost
        read_at = boot_time()
        note = _("Sent again with a fresh access token.") if self.sends else ""
        sent = changed(self.attempt, AttemptState.SENT, self._clock.now(), note)
        if not self.sends:
            sent = replace(sent, sent_at=sent.history[-1].at)
        with self._database.write() as work:
            running = self._records.send(work, self.running, sent, self.sends + 1)
            if running is None:
                raise LeaseLost
            # Checked after the write above, which waits for a decision that is made at this moment.
            # The repeat after a 401 is the same call: its document was free when it was first sent.
            passes = PassRepository(work.connection)
            if not self.sends and passes.is_held(running.scope, running.delivery):
                raise NowHeld
        self.attempt, self.running = sent, running
        self.sends += 1
        begin_by = read_at + self._timing.send_within
        return SendWindow(begin_by, begin_by + self._timing.call_total)
