"""What a client does with M3: run transactions, one or many, in one short transaction of ours."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Forbidden, IonportError
from ionport.gateway.caller import Caller
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.catalogue import OWN_OF_TENANT, Program, program_named
from ionport.sandbox.m3.company import Company, StoredRecords
from ionport.sandbox.m3.errors import ErrorType, TransactionFailed
from ionport.sandbox.m3.fields import check_inputs
from ionport.sandbox.m3.model import Outcome, Result, Session
from ionport.sandbox.m3.parameters import Batch, Options, Request, read_company
from ionport.sandbox.m3.programs import (
    deliveries,
    exports,
    invoice_status,
    invoices,
    metadata,
    orders,
    partners,
    settings,
    stock,
)
from ionport.sandbox.m3.programs.behaviour import Behaviour, Checked
from ionport.sandbox.m3.programs.general import GENERAL_BEHAVIOURS, USER_BOUND
from ionport.sandbox.m3.programs.sales import customer_orders, dispatch, prices
from ionport.sandbox.m3.programs.told import OwnTransactions, extended, sampling
from ionport.sandbox.m3.repository import M3Repository
from ionport.sandbox.m3.representation import result_of
from ionport.store import Database, ScopedWork, TenantScope

_SECONDS_AHEAD: Final = 10

BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "APS110MI": invoice_status.AUTHORIZATION_BEHAVIOURS,
    "APS450MI": {**invoices.BEHAVIOURS, **invoice_status.BATCH_BEHAVIOURS},
    "APS455MI": invoice_status.VALIDATION_BEHAVIOURS,
    "CRS610MI": partners.CUSTOMER_BEHAVIOURS,
    "CRS620MI": partners.SUPPLIER_BEHAVIOURS,
    "EXPORTMI": exports.BEHAVIOURS,
    "MHS850MI": deliveries.BEHAVIOURS,
    "MMS025MI": partners.ALIAS_BEHAVIOURS,
    "MMS200MI": partners.ITEM_BEHAVIOURS,
    "MRS001MI": metadata.behaviours(lambda program: BEHAVIOURS.get(program, {})),
    "OIS100MI": customer_orders.BEHAVIOURS,
    "PPS001MI": orders.PPS001_BEHAVIOURS,
    "PPS200MI": orders.PPS200_BEHAVIOURS,
    **settings.BEHAVIOURS,
    **partners.OF_ITEMS,
    **stock.BEHAVIOURS,
    **prices.BEHAVIOURS,
    **dispatch.BEHAVIOURS,
}


@dataclass(frozen=True, slots=True)
class M3Settings:
    """How the imitated M3 behaves.

    Attributes:
        require_user: refuse a caller whose service account has no user, as Infor does with
            "Illegal impersonation attempt (error: 163)"
            (docs/reference/m3.md#a-service-account-without-a-user). General transactions that do
            not ask who the user is run without one: inferred.
        terminate_after: a bulk call is terminated after so many transactions, to try what a
            client does then; never when None.
    """

    require_user: bool = True
    terminate_after: int | None = None


class M3Service:
    """Runs transactions for a tenant; every company that a call names exists."""

    def __init__(
        self, clock: Clock, settings: M3Settings, own: OwnTransactions | None = None
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._own = own

    def program(self, tenant_id: str, name: str) -> Program | None:
        """Return a program with the transactions of the tenant's own metadata."""
        told = self._own(tenant_id, name) if self._own is not None else {}
        known = program_named(name)
        return extended(name.upper(), known, told) if told else known

    def check(self, batch: Batch, caller: Caller) -> Sequence[Checked]:
        """Look every transaction up and check its input; before the transaction.

        Raises:
            TransactionFailed: there is no such program.
            Forbidden: a transaction needs a user, and the caller has none.
        """
        program = self.program(caller.tenant_id, batch.program)
        if program is None:
            raise TransactionFailed(
                f"There is no program {quoted(batch.program)}.",
                kind=ErrorType.UNKNOWN_PROGRAM,
            )
        checked = [_check(program, request, batch.options) for request in batch.requests]
        is_nobody = self._settings.require_user and caller.identity2 is None
        if is_nobody and any(_needs_user(each) for each in checked):
            raise Forbidden("Illegal impersonation attempt (error: 163)", code="163")
        return checked

    def ask_ahead(
        self,
        database: Database,
        scope: TenantScope,
        caller: Caller,
        batch: Batch,
        checked: Sequence[Checked],
    ) -> Sequence[Checked]:
        """Return the transactions with the slow ones executed already; opens its own reads."""
        session, end = self._session(caller, batch), time.monotonic() + _SECONDS_AHEAD

        def asked(each: Checked) -> Checked:
            if each.behaviour is None or each.behaviour.ahead is None:
                return each
            stored = StoredRecords(database, scope, each.company)
            try:
                if time.monotonic() > end:
                    raise TransactionFailed(
                        f"The queries of one call take longer than {_SECONDS_AHEAD} seconds."
                    )
                records = each.behaviour.ahead(stored, session, each.values or {})
            except TransactionFailed as error:
                return replace(each, values=None, error=error)
            return replace(each, behaviour=Behaviour(lambda *_: records))

        return [asked(each) for each in checked]

    def run(
        self,
        access: ScopedWork[TenantScope],
        caller: Caller,
        batch: Batch,
        checked: Sequence[Checked],
    ) -> Outcome:
        """Run the transactions in order; one that fails does not undo the others.

        A transaction that the program does not have terminates the batch, and so does the
        number of them that the settings name: what follows is not processed. Inferred; that
        batches are terminated is not (docs/reference/m3.md#transactions-and-fields).
        """
        companies = _open_companies(M3Repository(access.connection), access.scope, checked)
        session = self._session(caller, batch)
        _fetch(companies, session, checked)
        results: list[Result] = []
        termination: IonportError | None = None
        for position, each in enumerate(checked):
            if termination is not None:
                results.append(Result(each.request.transaction, {}, is_processed=False))
                continue
            result = _run(companies.get(each.company), session, each, batch.options)
            results.append(result)
            if _is_unknown(result.error):
                termination = result.error
            elif position + 1 == self._settings.terminate_after and position + 1 < len(checked):
                termination = TransactionFailed("The batch was terminated.")
        effects = [name for company in companies.values() for name in company.close()]
        return Outcome(results, termination, tuple(effects))

    def _session(self, caller: Caller, batch: Batch) -> Session:
        identity = caller.identity2 or ""
        return Session(
            user=identity.replace("-", "").upper()[:10] or "SANDBOX",
            identity=identity,
            tenant_id=caller.tenant_id,
            program=batch.program.upper(),
            company=batch.options.company,
            division=batch.options.division,
            limit=batch.options.max_records,
            now=self._clock.now(),
            programs=partial(self.program, caller.tenant_id),
        )


def _check(program: Program, request: Request, options: Options) -> Checked:
    transaction = program.transaction(request.transaction)
    if transaction is None:
        return Checked(request, options.company, error=_missing(program, request.transaction))
    behaviour = BEHAVIOURS.get(program.name, {}).get(transaction.name)
    if behaviour is None and transaction.is_told:
        behaviour = exports.of_table(transaction) or sampling(transaction)
    try:
        if behaviour is None and not transaction.is_general:
            raise _not_imitated(program, transaction.name)
        values = check_inputs(transaction, request.record, options.date_format)
        company = values.pop("CONO", None)
        number = options.company if company is None else read_company(company)
    except IonportError as error:
        return Checked(request, options.company, transaction, error=error)
    return Checked(request, number, transaction, behaviour, values)


def _missing(program: Program, name: str) -> TransactionFailed:
    if program.may_have(name):
        return _not_imitated(program, name)
    return TransactionFailed(
        f"Program {program.name} has no transaction {quoted(name)}.",
        kind=ErrorType.UNKNOWN_TRANSACTION,
    )


def _not_imitated(program: Program, name: str) -> TransactionFailed:
    shown = name if name.replace("_", "").isalnum() and len(name) <= 40 else quoted(name)
    reason = OWN_OF_TENANT.get(program.name)
    why = f": {reason}" if reason else ""
    return TransactionFailed(
        f"The sandbox does not imitate {program.name}/{shown}{why}.",
        kind=ErrorType.NOT_IMITATED,
    )


def _is_unknown(error: IonportError | None) -> bool:
    return isinstance(error, TransactionFailed) and error.kind is ErrorType.UNKNOWN_TRANSACTION


def _needs_user(checked: Checked) -> bool:
    transaction = checked.transaction
    return transaction is not None and (
        not transaction.is_general or transaction.name in USER_BOUND
    )


def _open_companies(
    repository: M3Repository, scope: TenantScope, checked: Iterable[Checked]
) -> dict[int, Company]:
    """Open the companies in the order of their numbers, so that no two calls wait in a circle."""
    locked: dict[int, bool] = {}
    for each in checked:
        if each.behaviour is not None:
            locked[each.company] = locked.get(each.company, False) or each.behaviour.changes
    return {
        number: Company(repository, scope, number, lock=lock)
        for number, lock in sorted(locked.items())
    }


def _fetch(companies: Mapping[int, Company], session: Session, checked: Sequence[Checked]) -> None:
    """Read at once what the transactions will ask for one by one."""
    for number, company in companies.items():
        company.fetch(
            name
            for each in checked
            if each.company == number and each.behaviour and each.behaviour.reads
            for name in each.behaviour.reads(session, each.values or {})
        )


def _run(company: Company | None, session: Session, checked: Checked, options: Options) -> Result:
    name = checked.request.transaction
    if checked.transaction is None or checked.values is None:
        return Result(name, checked.request.record, error=checked.error)
    try:
        if checked.behaviour is not None and company is not None:
            records = checked.behaviour.work(company, session, checked.values)
        else:
            general = GENERAL_BEHAVIOURS[checked.transaction.name]
            records = [general(session, checked.values)]
    except TransactionFailed as error:
        return Result(name, checked.request.record, error=error)
    return result_of(checked, records, options)
