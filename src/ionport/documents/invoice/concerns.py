"""What a value that no term has may change: the amount, the payee, or an identity."""

from __future__ import annotations

import re

from ionport.documents.invoice.model import Concern
from ionport.documents.invoice.table import Syntax

_CII = (
    (
        Concern.PAYEE,
        r"Pay(ee|er)Specified(Creditor|Debtor)FinancialInstitution/|PayeePartyCreditorFinancialAcc",
    ),
    (Concern.IDENTITY, r"TradeParty(\[\d+\])?/SpecifiedTaxRegistration"),
)
_RULES: dict[Syntax, tuple[tuple[Concern, str], ...]] = {
    Syntax.UBL: (
        (
            Concern.MONEY,
            r"PaymentTerms(\[\d+\])?/(Amount|PaymentDueDate|Settlement|Penalty|PaymentPercent)",
        ),
        (Concern.MONEY, r"(WithholdingTaxTotal|PrepaidPayment)(\[\d+\])?/"),
        (Concern.PAYEE, r"(PayeeFinancialAccount|PayeeParty)(\[\d+\])?/(?!.*Name/@)"),
        (Concern.IDENTITY, r"Party(\[\d+\])?/PartyTaxScheme(\[\d+\])?/CompanyID(\[\d+\])?$"),
    ),
    Syntax.CII: _CII,
    Syntax.ZUGFERD_1: _CII,
    Syntax.FATTURAPA: (
        (Concern.MONEY, r"Dati(Ritenuta|Bollo|CassaPrevidenziale)(\[\d+\])?/"),
        (Concern.MONEY, r"(Sconto|Penalita)Pagamento|Ritenuta"),
        (Concern.PAYEE, r"DettaglioPagamento(\[\d+\])?/(ABI|CAB|IstitutoFinanziario|CodUfficio)"),
    ),
}
_COMPILED = {
    syntax: tuple((concern, re.compile(pattern)) for concern, pattern in rules)
    for syntax, rules in _RULES.items()
}


def concern_of(syntax: Syntax, path: str) -> Concern:
    """Return what the value at `path` may change."""
    for concern, pattern in _COMPILED[syntax]:
        if pattern.search(path):
            return concern
    return Concern.NOTHING
