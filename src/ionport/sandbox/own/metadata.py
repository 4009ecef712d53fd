"""The metadata and recordings that a sandbox was given of its tenants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ionport.core.http.endpoints import EndpointTable
from ionport.sandbox.kit.operations import UNKNOWN_OPERATION, Answer, Call, Operation, Step
from ionport.sandbox.own.cassette import Cassette, RecordedAnswer, Replay, filled
from ionport.store import Work

if TYPE_CHECKING:
    from ionport.sandbox.own.learned import Learned
    from ionport.sandbox.own.openapi import OwnOperation, OwnSuite
    from ionport.sandbox.own.transactions import OwnTransaction

REPLAYED = "replayed"
_NOT_KEPT = b"The content of this file is in no cassette."


class OwnOfTenants:
    """The metadata and recordings that a sandbox was given of each of its tenants.

    Args:
        gateway_url: stands in answers where the tenant's gateway stood.
    """

    def __init__(self, gateway_url: str = "") -> None:
        self._gateway_url = gateway_url
        self._by_tenant: dict[str, OwnMetadata] = {}

    def of(self, tenant_id: str) -> OwnMetadata:
        """Return the metadata of a tenant, empty when none was given."""
        return self._by_tenant.setdefault(tenant_id, OwnMetadata(self._gateway_url))

    def spelt(self, context: str) -> str | None:
        """Return an API context, given in any letter case, as a tenant writes it; None: none."""
        found = (each.spelt(context) for each in list(self._by_tenant.values()))
        return next((each for each in found if each is not None), None)


class OwnMetadata:
    """Recordings, suites and transactions of a tenant; empty until something is given.

    Recordings answer first. What a suite's document says of an operation that the sandbox imitates
    checks its calls; an operation that it does not imitate is answered by the document.

    Args:
        gateway_url: stands in answers where the tenant's gateway stood.
    """

    def __init__(self, gateway_url: str = "") -> None:
        self._gateway_url = gateway_url.rstrip("/")
        self._replay: Replay | None = None
        self._learned: tuple[Learned, ...] = ()
        self._suites: dict[str, list[_Suite]] = {}
        self._programs: dict[str, dict[str, OwnTransaction]] = {}

    @property
    def contexts(self) -> Sequence[str]:
        """The API contexts that something is known of."""
        replay = self._replay
        learned = [suite.context for each in self._learned for suite in each.suites]
        return list(dict.fromkeys((*(replay.contexts if replay else ()), *learned)))

    @property
    def learned(self) -> Sequence[Learned]:
        """What was learned, in the order in which it came."""
        return self._learned

    def use_cassette(self, cassette: Cassette) -> None:
        """Answer by these recordings from now on, in the place of earlier ones."""
        self._replay = Replay(cassette)

    def learn(self, learned: Learned) -> None:
        """Add the suites and M3 transactions of a file; a later file takes precedence."""
        from ionport.sandbox.own.answering import operations_of

        self._learned = (*self._learned, learned)
        for suite in learned.suites:
            rows = operations_of(suite)
            known = {
                id(row): operation for row, operation in zip(rows, suite.operations, strict=True)
            }
            made = _Suite(suite, EndpointTable(rows, ignores_case=True), known)
            self._suites.setdefault(suite.context.lower(), []).insert(0, made)
        for transaction in learned.transactions:
            program = self._programs.setdefault(transaction.program.upper(), {})
            program[transaction.name.lower()] = transaction

    def transactions_of(self, program: str) -> Mapping[str, OwnTransaction]:
        """Return the transactions of an M3 program that were learned, by name in lower case."""
        return self._programs.get(program.upper(), {})

    def forget(self) -> None:
        """Forget all of it, so that the sandbox answers by its own knowledge."""
        self._replay = None
        self._learned = ()
        self._suites = {}
        self._programs = {}

    def spelt(self, context: str) -> str | None:
        """Return an API context, given in any letter case, as it is written; None: not known."""
        return next((each for each in self.contexts if each.lower() == context.lower()), None)

    def operation(
        self, known: Operation, context: str, method: str, path: str, query: str
    ) -> Operation:
        """Return the operation that answers a call: `known`, or the tenant's own."""
        replay = self._replay
        found = replay.find(method, f"/{context}{path}", query) if replay else None
        if found is not None:
            return _replaying(known, found, self._gateway_url)
        for suite in self._suites.get(context.lower(), ()):
            row = suite.table.find("GET" if method == "HEAD" else method, path.rstrip("/")).row
            if row is not None:
                return suite.better(known, row)
        return known


class _Suite:
    """A suite's document with the table by which the operation of a call is found."""

    def __init__(
        self, suite: OwnSuite, table: EndpointTable[Operation], told: Mapping[int, OwnOperation]
    ) -> None:
        self._suite = suite
        self.table = table
        self._told = told

    def better(self, known: Operation, row: Operation) -> Operation:
        """Return the document's operation, or the imitated one with the document's checks."""
        if known.name == UNKNOWN_OPERATION:
            return row
        return replace(known, handler=_checking(self._suite, self._told[id(row)], known.handler))


def _checking(
    suite: OwnSuite, told: OwnOperation, handler: Callable[[Call], Step]
) -> Callable[[Call], Step]:
    from ionport.sandbox.own.answering import check_call

    def checked(call: Call) -> Step:
        check_call(suite, told, call)
        return handler(call)

    return checked


def _replaying(known: Operation, recorded: RecordedAnswer, gateway_url: str) -> Operation:
    def handler(call: Call) -> Step:
        body = filled(recorded, gateway_url, call.caller.tenant_id)
        answer = Answer(
            status=recorded.status,
            body=body if recorded.is_kept else _NOT_KEPT,
            media_type=recorded.media_type or None,
            headers=dict(recorded.headers),
        )

        def step(work: Work) -> Answer:
            return answer

        return step

    is_unknown = known.name == UNKNOWN_OPERATION
    return replace(
        known, handler=handler, name=REPLAYED if is_unknown else known.name, writes=False
    )
