"""How many persons approve a document before it is exported, and who of them may.

The default asks for none: what nothing holds is then exported without a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ionport.documents.amounts import MAX_DIGITS
from ionport.documents.invoice.corrections import Target
from ionport.documents.types import Field, FieldType
from ionport.store import OrganizationScope, ScopedWork

_NUMBER = re.compile(rf"[+-]?(?=[0-9.]{{1,{MAX_DIGITS}}}\Z)[0-9]*\.?[0-9]+", re.ASCII)
_MONEY = frozenset({FieldType.AMOUNT, FieldType.CURRENCY})
_PAYEE = ("supplier_", "payee_", "bank_id", "creditor_id")


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """What a document type demands. Amounts are in the invoice's currency, without their sign.

    `first_from` and `second_from`: from this total on one approval, two approvals are needed;
    None means never, zero always. A document without a total that can be read counts as over
    every amount.
    With `exports_by_itself` nobody has to ask for the export of what is approved or needs none.
    """

    first_from: Decimal | None = None
    second_from: Decimal | None = None
    second_is_another_person: bool = True
    who_changed_may_not_approve: bool = True
    exports_by_itself: bool = True

    def needed(self, fields: Mapping[str, str]) -> int:
        """Return how many approvals a document with these fields needs: 0, 1 or 2."""
        text = fields.get("total_amount", "")
        total = abs(Decimal(text)) if _NUMBER.fullmatch(text) else None
        if _reaches(total, self.second_from):
            return 2
        return 1 if _reaches(total, self.first_from) else 0


NO_APPROVALS = ApprovalPolicy()
PolicyOf = Callable[[ScopedWork[OrganizationScope], str], ApprovalPolicy]
"""Returns the policy of a document type; the settings of document types give it."""


def is_about_money(target: Target, field: Field) -> bool:
    """Tell whether a value is an amount, an account or the supplier's."""
    return field.type in _MONEY or (not target.table and target.field.startswith(_PAYEE))


def _reaches(total: Decimal | None, limit: Decimal | None) -> bool:
    return limit is not None and (total is None or total >= limit)
