"""The options of a configuration: those of its method, and those about credit notes.

Source: docs/reference/document-system.md#export-methods. No source tells what M3 and LN expect of a
credit note's amounts, and the published document flow of ION books every document as an invoice: a
person decides both.
"""

from __future__ import annotations

import re

from ionport.core.i18n import _
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.port import AMOUNT_SIGN, CREDIT_NOTE_REASON
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.signs import CREDIT_NOTE, AmountSign

LONGEST = 500


def wrong_options(fields: ConfigurationFields) -> dict[str, str]:
    """Return what is wrong with options, by name; one that the method does not have is dropped."""
    wrong = {}
    for option in destination_of(fields.method).options:
        value = fields.options.get(option.name, "")
        if value and option.choices and value not in {key for key, _text in option.choices()}:
            wrong[option.name] = _("Choose one of these.")
        elif value and option.pattern and not re.fullmatch(option.pattern, value):
            wrong[option.name] = option.help()
    sign = fields.options.get(AMOUNT_SIGN, "")
    if sign and sign not in set(AmountSign):
        wrong[AMOUNT_SIGN] = _("Choose a sign.")
    if len(fields.options.get(CREDIT_NOTE_REASON, "")) > LONGEST:
        wrong[CREDIT_NOTE_REASON] = _("Give a reason of up to 500 characters.")
    return wrong


def kept_options(fields: ConfigurationFields) -> dict[str, str]:
    """Return the options that are stored: those of the method with a value, without blanks."""
    names = [option.name for option in destination_of(fields.method).options]
    if fields.document_type == CREDIT_NOTE:
        names += [AMOUNT_SIGN, CREDIT_NOTE_REASON]
    given = {name: fields.options.get(name, "").strip() for name in names}
    return {name: value for name, value in given.items() if value}


def missing_for_credit_notes(fields: ConfigurationFields) -> dict[str, str]:
    """Return the options that a configuration of credit notes lacks to be active, by name."""
    if fields.document_type != CREDIT_NOTE:
        return {}
    missing = {}
    if not fields.options.get(AMOUNT_SIGN):
        missing[AMOUNT_SIGN] = _(
            "Say whether the amounts of credit notes are sent as written or negative: no source"
            " tells what the target expects."
        )
    by_ion = MappingKind.BOD in destination_of(fields.method).mapping_kinds
    if by_ion and not fields.options.get(CREDIT_NOTE_REASON, "").strip():
        missing[CREDIT_NOTE_REASON] = _(
            "The published document flow books every document as an invoice. Say why yours reads"
            " the document type of a credit note."
        )
    return missing
