"""M3's operations below `/{TENANT}/M3/m3api-rest`.

Source: docs/reference/m3.md#addresses-and-errors, docs/reference/m3.md#bulk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Operation,
    Service,
    Step,
    Wire,
    from_clients,
    verified,
)
from ionport.sandbox.m3.coverage import parts
from ionport.sandbox.m3.errors import ErrorType, TransactionFailed, error_answer, json_answer
from ionport.sandbox.m3.model import Outcome
from ionport.sandbox.m3.parameters import MAX_TRANSACTIONS, Batch, read_bulk, read_single
from ionport.sandbox.m3.programs.behaviour import Checked
from ionport.sandbox.m3.programs.told import OwnTransactions
from ionport.sandbox.m3.representation import v1_tree, v2_tree
from ionport.sandbox.m3.service import BEHAVIOURS, M3Service, M3Settings
from ionport.store import Work

CONTEXT = "M3"
MAX_BODY_BYTES = 6_000_000
_BASE = "/m3api-rest"
_SINGLE = "execute/{program}/{transaction:path}"
_INDENT = 2
_ADDRESSES = verified("docs/reference/m3.md#addresses-and-errors")
_CSRF = verified("docs/reference/m3.md#addresses-and-errors", left_out="tenants that want a token")
_BULK = from_clients("docs/reference/m3.md#bulk", left_out="jobs (bulkJobId)")
_OPTIONS = ("cono", "divi", "maxrecs", "dateformat", "excludeempty", "righttrim", "returncols")
# The keys that a client was seen to send (docs/reference/m3.md#bulk).
_BATCH = {
    "type": "object",
    "required": ["program", "transactions"],
    "properties": {
        "program": {"type": "string", "enum": sorted(BEHAVIOURS)},
        "cono": {"type": "integer"},
        "divi": {"type": "string"},
        "excludeEmptyValues": {"type": "boolean"},
        "rightTrim": {"type": "boolean"},
        "maxReturnedRecords": {"type": "integer"},
        "transactions": {
            "type": "array",
            "maxItems": MAX_TRANSACTIONS,
            "items": {
                "type": "object",
                "required": ["transaction"],
                "properties": {
                    "transaction": {"type": "string"},
                    "record": {"type": "object", "additionalProperties": {"type": "string"}},
                    "selectedColumns": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
_EXAMPLE = (
    '{"program": "MMS200MI", "cono": 1, "transactions":'
    ' [{"transaction": "Get", "record": {"ITNO": "BOLT-M8"}, "selectedColumns": ["ITDS"]}]}'
)


def service(clock: Clock, settings: M3Settings, *, own: OwnTransactions | None = None) -> Service:
    """Return M3 as one of the sandbox's services; `own` knows a tenant's own transactions."""
    routes = M3Routes(M3Service(clock, settings, own))
    return Service(CONTEXT, "M3", routes.operations(), error_answer, MAX_BODY_BYTES, parts)


class M3Routes:
    """The handlers. Matrix parameters are part of the last segment of the path."""

    def __init__(self, service: M3Service) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        v1 = Wire(query=(*_OPTIONS, "metadata"), spread=("program",))
        v2 = Wire(query=(*_OPTIONS, "extendedresult", "format"), spread=("program", "transaction"))
        bulk = Wire(takes=("application/json",), schema=_BATCH, example=_EXAMPLE)
        return [
            Operation("csrf", "GET", f"{_BASE}/csrf", self.csrf, _CSRF),
            Operation(
                "execute v1",
                "GET",
                f"{_BASE}/{_SINGLE}",
                self.execute_v1,
                _ADDRESSES,
                writes=True,
                wire=v1,
            ),
            Operation(
                "execute v2",
                "GET",
                f"{_BASE}/v2/{_SINGLE}",
                self.execute_v2,
                _ADDRESSES,
                writes=True,
                wire=v2,
            ),
            Operation("bulk", "POST", f"{_BASE}/v2/execute", self.bulk, _BULK, wire=bulk),
        ]

    def csrf(self, call: Call) -> Step:
        """Answers 404, which says that no such token is needed."""
        raise NotFound("No CSRF token is needed.", code="csrf_not_needed")

    def execute_v1(self, call: Call) -> Step:
        """A transaction that the program refuses answers 200, with the error at the top."""
        batch, checked = self._check_single(call)
        run = self._running(call, batch, [checked])

        def step(work: Work) -> Answer:
            outcome = run(work)
            tree = v1_tree(batch.program.upper(), outcome.results[0], batch.options)
            return _answer(tree, batch, outcome)

        return step

    def execute_v2(self, call: Call) -> Step:
        """A transaction that the program refuses answers 200, with the error in the result."""
        batch, checked = self._check_single(call)
        run = self._running(call, batch, [checked])

        def step(work: Work) -> Answer:
            outcome = run(work)
            return _answer(v2_tree(outcome, batch.options), batch, outcome)

        return step

    def bulk(self, call: Call) -> Step:
        """Results come in the order of the request, also those of refused transactions."""
        batch = read_bulk(call)
        run = self._running(call, batch, self._service.check(batch, call.caller))

        def step(work: Work) -> Answer:
            outcome = run(work)
            return _answer(v2_tree(outcome, batch.options), batch, outcome)

        return step

    def _running(
        self, call: Call, batch: Batch, checked: Sequence[Checked]
    ) -> Callable[[Work], Outcome]:
        """Do the slow part now, and return the function for the rest, in the transaction."""
        ready = self._service.ask_ahead(call.database, call.scope, call.caller, batch, checked)
        return lambda work: self._service.run(work.within(call.scope), call.caller, batch, ready)

    def _check_single(self, call: Call) -> tuple[Batch, Checked]:
        """Read and check a single transaction; raises what m3api-rest itself refuses."""
        batch = read_single(call)
        (checked,) = self._service.check(batch, call.caller)
        error = checked.error
        is_nok = isinstance(error, TransactionFailed) and error.kind is ErrorType.NOK
        if error is not None and not is_nok:
            raise error
        return batch, checked


def _answer(tree: Mapping[str, object], batch: Batch, outcome: Outcome) -> Answer:
    indent = _INDENT if batch.options.is_pretty else None
    return json_answer(200, tree, indent=indent, effects=outcome.effects)
