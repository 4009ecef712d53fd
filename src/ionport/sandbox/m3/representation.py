"""Results as v1 and v2 of m3api-rest show them.

Source: docs/reference/m3.md#transactions-and-fields, docs/reference/m3.md#addresses-and-errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ionport.sandbox.m3.catalogue import Field, FieldType
from ionport.sandbox.m3.errors import TransactionFailed, error_tree
from ionport.sandbox.m3.fields import write_date
from ionport.sandbox.m3.model import Outcome, Record, Result
from ionport.sandbox.m3.parameters import Options
from ionport.sandbox.m3.programs.behaviour import Checked


def result_of(checked: Checked, records: Sequence[Record], options: Options) -> Result:
    """Return a transaction's result: its output fields, in M3's order or as asked for."""
    request = checked.request
    outputs = checked.transaction.outputs if checked.transaction else {}
    # A column that the transaction does not have is left out, as M3 does.
    fields = [outputs[name] for name in request.columns or outputs if name in outputs]
    company = {"CONO": str(checked.company)}
    visible = [_shown(fields, {**record, **company}, options) for record in records if fields]
    return Result(request.transaction, request.record, fields, visible)


def _shown(fields: Sequence[Field], record: Record, options: Options) -> dict[str, str]:
    values = {}
    for field in fields:
        value = record.get(field.name, "")[: field.length]
        if field.type is FieldType.DATE and value:
            value = write_date(value, options.date_format)
        if options.exclude_empty and not value:
            continue
        values[field.name] = value if options.right_trim else value.ljust(field.length)
    return values


def v1_tree(program: str, result: Result, options: Options) -> Mapping[str, object]:
    """Return a result of v1; the catalogue has no descriptions, so they are empty."""
    if result.error is not None:
        return error_tree(result.error, is_v1=True)
    tree: dict[str, object] = {"Program": program, "Transaction": result.transaction}
    if options.metadata:
        tree["Metadata"] = {
            "Field": [
                {
                    "@name": field.name,
                    "@type": field.type.value,
                    "@length": field.length,
                    "@description": "",
                }
                for field in result.fields
            ]
        }
    tree["MIRecord"] = [
        {
            "RowIndex": index,
            "NameValue": [{"Name": name, "Value": value} for name, value in record.items()],
        }
        for index, record in enumerate(result.records)
    ]
    return tree


def v2_tree(outcome: Outcome, options: Options) -> Mapping[str, object]:
    """Return the results of v2 in the order of the request, and their counts."""
    processed = [result for result in outcome.results if result.is_processed]
    failed = sum(result.error is not None for result in processed)
    tree: dict[str, object] = {
        "results": [_v2_result(result, options) for result in outcome.results],
        "wasTerminated": outcome.termination is not None,
        "nrOfSuccessfullTransactions": len(processed) - failed,
        "nrOfFailedTransactions": failed,
        "nrOfNotProcessedTransactions": len(outcome.results) - len(processed),
    }
    if outcome.termination is not None:
        tree["terminationReason"] = outcome.termination.text
        if isinstance(outcome.termination, TransactionFailed):
            tree["terminationErrorType"] = outcome.termination.kind.value
    return tree


def _v2_result(result: Result, options: Options) -> Mapping[str, object]:
    tree: dict[str, object] = {"transaction": result.transaction}
    if not result.is_processed:
        return {**tree, "notProcessed": True}
    if options.extended:
        tree["parameters"] = dict(result.parameters)
    if result.error is not None:
        # Clients read the first record of each result by its position.
        return {**tree, **error_tree(result.error, is_v1=False), "records": []}
    return {**tree, "records": list(result.records)}
