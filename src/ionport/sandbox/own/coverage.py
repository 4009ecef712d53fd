"""The lines of the coverage page that a tenant's own metadata adds."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.sandbox.kit.coverage import Coverage, Covered
from ionport.sandbox.own.answering import told_by
from ionport.sandbox.own.learned import Learned


def coverage_of(learned: Sequence[Learned]) -> Sequence[Coverage]:
    """Return what was learned, one part for each file."""
    return [
        Coverage(
            context=f"own-{number}",
            title=each.source,
            operations=[
                Covered(
                    f"{operation.method} /{suite.context}{operation.path}",
                    [operation.name],
                    told_by(each.source),
                )
                for suite in each.suites
                for operation in suite.operations
            ],
            parts=[
                Covered(program, names, told_by(each.source))
                for program, names in _programs(each).items()
            ]
            + [
                Covered("IDM", [str(entity.get("name", ""))], told_by(each.source))
                for entity in each.entities
            ],
        )
        for number, each in enumerate(learned, 1)
    ]


def _programs(learned: Learned) -> dict[str, list[str]]:
    programs: dict[str, list[str]] = {}
    for transaction in learned.transactions:
        programs.setdefault(transaction.program, []).append(transaction.name)
    return programs
