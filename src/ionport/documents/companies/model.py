"""Values of companies, and the match of an invoice's buyer with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.invoice.codes import code_list
from ionport.documents.model import Row
from ionport.documents.review.identity import letters_and_digits

MAX_COMPANIES = 500

COMPANY_FIELDS = (
    "name",
    "accounting_entity",
    "cono",
    "divi",
    "ln_company",
    "vat_id",
    "tax_number",
    "gln",
    "street",
    "postal_code",
    "city",
    "country_code",
)
"""What a person fills in, in the order of form and list. CONO and DIVI are M3's company and
division, the accounting entity is ION's (docs/reference/mapping-files.md#idm)."""

_IDS = ("vat_id", "tax_number", "gln")
_MAX_TEXT = 200
_SHAPES = {
    "accounting_entity": re.compile(r"[A-Za-z0-9_.\-]{1,100}"),
    "cono": re.compile(r"[0-9]{1,3}"),
    "divi": re.compile(r"[A-Za-z0-9]{1,3}"),
    "ln_company": re.compile(r"[0-9]{1,4}"),
    "vat_id": re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,18}"),
}


@dataclass(frozen=True, slots=True)
class Company:
    """A company of the organization; `values` has each of `COMPANY_FIELDS`, empty when unknown.

    `sub_organization_id` is what its documents belong to; None: to the organization itself.
    """

    id: str
    sub_organization_id: str | None
    values: Mapping[str, str]
    updated_at: datetime
    updated_by: str

    @property
    def name(self) -> str:
        return self.values["name"]

    @property
    def document_fields(self) -> Row:
        """What mappings may name of the company, under the ids of document fields."""
        values = self.values
        fields = {
            "sub_org": values["name"],
            "accounting_entity": values["accounting_entity"],
            "company": values["cono"],
            "division": values["divi"],
            "ln_company": values["ln_company"],
            "company_id": values["divi"] or values["ln_company"],
            "company_name": values["name"],
            "company_street": values["street"],
            "company_plz": values["postal_code"],
            "company_vat": values["vat_id"],
        }
        return {name: text for name, text in fields.items() if text}


class Match(StrEnum):
    """How an invoice's buyer was compared with the companies."""

    IDENTIFIER = "identifier"
    """An identifier is equal."""
    ADDRESS = "address"
    """Name and postal code are equal, and no identifier is."""
    SEVERAL = "several"
    """More than one company fits."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an invoice is addressed to, as it is compared: identifiers, name, words of the address.

    `shown` is how a person knows the buyer: name and VAT id.
    """

    ids: frozenset[str]
    name: str
    words: frozenset[str]
    shown: str


def addressee_of(fields: Row, more_ids: Sequence[str] = ()) -> Addressee:
    """Return the buyer of a document's fields; `more_ids`: identifiers that no field has."""
    names = ("buyer_tax_id", "buyer_tax_number", "buyer_registration", "buyer_id")
    given = [fields.get(name, "") for name in names]
    words = re.split(r"[\s,;]+", fields.get("buyer_address", ""))
    shown = (fields.get("buyer_name", ""), fields.get("buyer_tax_id", ""))
    return Addressee(
        ids=frozenset(filter(None, map(letters_and_digits, (*given, *more_ids)))),
        name=letters_and_digits(fields.get("buyer_name", "")),
        words=frozenset(filter(None, map(letters_and_digits, words))),
        shown=", ".join(filter(None, shown)),
    )


def match(companies: Sequence[Company], addressee: Addressee) -> tuple[Match, Company | None]:
    """Return which of the companies the invoice is addressed to.

    An equal VAT id, tax number or GLN decides; of several that share one (a VAT group), name and
    postal code. Where no identifier is equal, name and postal code must both be.
    """
    found = [one for one in companies if _ids(one) & addressee.ids]
    how = Match.IDENTIFIER
    if len(found) > 1:
        found = _narrowed(found, addressee)
    elif not found:
        found = [one for one in companies if _is_named(one, addressee) and _is_at(one, addressee)]
        how = Match.ADDRESS
    if len(found) > 1:
        return Match.SEVERAL, None
    return (how, found[0]) if found else (Match.NONE, None)


def _narrowed(found: list[Company], addressee: Addressee) -> list[Company]:
    named = [one for one in found if _is_named(one, addressee)] or found
    return [one for one in named if _is_at(one, addressee)] or named


def _ids(company: Company) -> set[str]:
    return set(filter(None, (letters_and_digits(company.values[name]) for name in _IDS)))


def _is_named(company: Company, addressee: Addressee) -> bool:
    return bool(addressee.name) and letters_and_digits(company.name) == addressee.name


def _is_at(company: Company, addressee: Addressee) -> bool:
    # Some postal codes have a blank inside (SW1A 1AA): every part stands in the address.
    parts = {letters_and_digits(part) for part in company.values["postal_code"].split()}
    return bool(parts) and parts <= addressee.words


def checked_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a company, each in its canonical form.

    Raises:
        InvalidInput: naming each field that is wrong; or nothing that an invoice could be
            matched by.
    """
    wrong: dict[str, str] = {}
    made = {name: " ".join(values.get(name, "").split()) for name in COMPANY_FIELDS}
    for name in ("vat_id", "gln"):
        made[name] = "".join(made[name].split())
    for name in ("vat_id", "divi", "country_code"):
        made[name] = made[name].upper()
    for name, text in made.items():
        if problem := _problem(name, text):
            wrong[name] = problem
    if not wrong and not any(made[name] for name in (*_IDS, "postal_code")):
        wrong["vat_id"] = _(
            "Fill in a VAT id, tax number, GLN or postal code: invoices are matched by them."
        )
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), code="invalid_company", fields=wrong)
    return made


def _problem(name: str, text: str) -> str:
    if not text:
        return _("Fill in this field.") if name == "name" else ""
    if len(text) > _MAX_TEXT or not text.isprintable():
        return _("Use at most {n} characters on one line.").format(n=_MAX_TEXT)
    if name == "gln" and not is_gln(text):
        return _("A GLN has 13 digits, of which the last one is a check digit.")
    if name == "country_code" and text not in code_list("iso-3166-1"):
        return _("Use the country's code of two letters, such as DE.")
    shape = _SHAPES.get(name)
    if shape is None or shape.fullmatch(text):
        return ""
    return {
        "accounting_entity": _(
            "Use letters, digits, dots, hyphens and underscores, as in 001_100."
        ),
        "cono": _("M3's company (CONO) has one to three digits."),
        "divi": _("M3's division (DIVI) has at most three letters or digits."),
        "ln_company": _("LN's company has one to four digits."),
        "vat_id": _("A VAT id begins with the country's two letters, such as DE123456789."),
    }[name]


def is_gln(text: str) -> bool:
    """Tell whether `text` is a Global Location Number with its check digit (GS1, modulo 10)."""
    if not re.fullmatch(r"[0-9]{13}", text):
        return False
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text))
    return weighted % 10 == 0
