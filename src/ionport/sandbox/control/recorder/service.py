"""The recorder: every call that reached the sandbox, written together with its effect."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock, SystemClock
from ionport.core.errors import existing
from ionport.core.ids import new_id
from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder import har
from ionport.sandbox.control.recorder.model import CallFacts, CallFilter, Outcome, RecordedCall
from ionport.sandbox.control.recorder.redaction import CallRedactor
from ionport.sandbox.control.recorder.repository import CallRepository
from ionport.store import ScopedWork, TenantScope

MAX_SEARCHED: Final = 1_000
MAX_SEARCHED_BYTES: Final = 50_000_000
_TIDY_EVERY: Final = 100


class RecorderService:
    """Keeps and shows the calls of each tenant; the newest `keep` of them, give or take 100.

    A call's row commits in the same transaction as what the call did, so the recorder shows each
    effect that happened and no other.
    """

    def __init__(
        self,
        blobs: Blobs,
        *,
        gateway_url: str = "",
        keep: int = 10_000,
        clock: Clock | None = None,
    ) -> None:
        self._blobs = blobs
        self._clock = clock or SystemClock()
        self._gateway_url = gateway_url
        self._keep = keep
        self._records = itertools.count()

    def keep_body(self, body: bytes, redactor: CallRedactor | None = None) -> bool:
        """Put a request body into the blobs, before the transaction; False when it is not kept.

        Bodies over 1 MB are known by digest and size only: they hold a file or a BOD, which the
        imitated service keeps itself. So are bodies that look as if they carried credentials;
        `redactor` knows those of the request.
        """
        if (redactor or CallRedactor()).may_keep(body):
            self._blobs.put(body)
            return True
        return False

    def record(self, access: ScopedWork[TenantScope], facts: CallFacts, outcome: Outcome) -> None:
        """Write one call."""
        calls = CallRepository(access.connection)
        calls.add(access.scope, new_id("call"), facts, outcome)
        if next(self._records) % _TIDY_EVERY == 0:
            calls.forget_older(access.scope, self._keep, self._clock.now())

    def list(
        self, access: Access[TenantScope], request: PageRequest, filters: CallFilter | None = None
    ) -> Page[RecordedCall]:
        """Return one page of calls, the newest first.

        A text in bodies is looked for in the first `MAX_SEARCHED` calls that match otherwise and
        have a body, and in 50 MB of bodies at most.

        Raises:
            Forbidden: the actor does not administer the tenant.
        """
        access.require_tenant_administrator()
        filters = filters or CallFilter()
        calls = CallRepository(access.connection)
        if not filters.body:
            return calls.page(access.scope, request, filters)
        found = list(
            self._with_text(calls.with_body(access.scope, filters, MAX_SEARCHED), filters.body)
        )
        shown = found[request.offset : request.offset + request.limit]
        return Page(shown, len(found), request)

    def _with_text(self, calls: Iterable[RecordedCall], text: str) -> Iterator[RecordedCall]:
        wanted, read = text.lower(), 0
        for call in calls:
            read += call.facts.request_size
            if read > MAX_SEARCHED_BYTES:
                return
            body = self._blobs.get(call.facts.request_sha256)
            if wanted in body.decode("utf-8", "replace").lower():
                yield call

    def get(self, access: Access[TenantScope], call_id: str) -> RecordedCall:
        """Return one call.

        Raises:
            Forbidden: the actor does not administer the tenant.
            NotFound: no such call, or no longer kept.
        """
        access.require_tenant_administrator()
        call = CallRepository(access.connection).get(access.scope, call_id)
        return existing(call, "This call is not recorded, or no longer.", code="call_not_found")

    def request_body(self, access: Access[TenantScope], call_id: str) -> bytes | None:
        """Return the body that a call sent, or None when it was not kept.

        Raises:
            Forbidden, NotFound: as `get`.
        """
        return self.body_of(self.get(access, call_id))

    def body_of(self, call: RecordedCall) -> bytes | None:
        """Return the body of a call that one of the methods above has returned."""
        facts = call.facts
        return self._blobs.get(facts.request_sha256) if facts.request_kept else None

    def har(self, access: Access[TenantScope], filters: CallFilter | None = None) -> bytes:
        """Return the newest `har.MAX_ENTRIES` calls as an HTTP archive; see `har.archive`.

        Raises:
            Forbidden: the actor does not administer the tenant.
        """
        found: list[RecordedCall] = []
        for number in range(1, har.MAX_ENTRIES // MAX_PER_PAGE + 1):
            request = PageRequest(number, MAX_PER_PAGE)
            page = self.list(access, request, filters)
            found += page.items
            if number >= page.pages:
                break
        return har.archive(found, self.body_of, self._gateway_url)
