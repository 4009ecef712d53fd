"""Rules that need the organization's data: they run at receipt, some at delivery too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.table import rules


@dataclass(frozen=True, slots=True)
class OrganizationRule:
    """A rule with its default effect and the terms that it compares."""

    effect: Effect
    terms: tuple[str, ...] = ()


FIELD_RULES = frozenset({"field_required", "field_length", "field_pattern", "field_value"})
"""The rules about fields that a document type's settings demand."""

ORGANIZATION_RULES: Mapping[str, OrganizationRule] = {
    "duplicate_number": OrganizationRule(Effect.HOLDS, ("BT-1", "BT-2", "BT-31")),
    "similar_number": OrganizationRule(Effect.HOLDS, ("BT-1", "BT-112", "BT-31")),
    "transposed_number": OrganizationRule(Effect.NOTES, ("BT-1", "BT-112", "BT-31")),
    "unknown_account": OrganizationRule(Effect.HOLDS, ("BT-84", "BT-27", "BT-31")),
    "first_account": OrganizationRule(Effect.NOTES, ("BT-84", "BT-27", "BT-31")),
    "no_company": OrganizationRule(Effect.HOLDS, ("BT-44", "BT-46", "BT-48", "BT-49", "BT-53")),
    "several_companies": OrganizationRule(Effect.HOLDS, ("BT-44", "BT-48", "BT-53")),
    "other_company": OrganizationRule(Effect.HOLDS, ("BT-44", "BT-48", "BT-53")),
    **dict.fromkeys(sorted(FIELD_RULES), OrganizationRule(Effect.HOLDS)),
    "no_lines": OrganizationRule(Effect.HOLDS, ("BG-25",)),
    "company_by_address": OrganizationRule(Effect.NOTES, ("BT-44", "BT-48", "BT-53")),
}

OTHER_FINDINGS = (
    "no_invoice_in_pdf",
    "invoices_in_pdf",
    "more_findings",
    "late_answer",
    "two_items",
    "item_at_target",
    "posted_before",
)
"""Findings of reading and of deliveries, which always hold; no document type sets their effect."""


def default_effect(code: str) -> Effect:
    """Return the default effect of a finding; a code in no table holds."""
    known = rules().get(code) or ORGANIZATION_RULES.get(code)
    return known.effect if known is not None else Effect.HOLDS
