"""What a user does with companies, and which one a received document belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.documents.bulk.anew import JudgingAnew
from ionport.documents.companies.model import (
    MAX_COMPANIES,
    Addressee,
    Company,
    Match,
    checked_values,
    match,
)
from ionport.documents.companies.repository import CompanyRepository
from ionport.documents.model import Row
from ionport.documents.review.model import NewFinding
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import AuditAction
from ionport.identity.service import IdentityService
from ionport.store import OrganizationScope, ScopedWork


class CompanyAction(AuditAction):
    """What the audit log tells of a company."""

    CREATED = "company.created", N_("Company added")
    CHANGED = "company.changed", N_("Company changed")
    DELETED = "company.deleted", N_("Company deleted")


class CompanyService:
    """Companies of an organization. Reads need no actor: the scope says whose they are."""

    def __init__(self, clock: Clock, audit: AuditLog, identity: IdentityService) -> None:
        self._clock = clock
        self._audit = audit
        self._anew = JudgingAnew(clock, audit)
        self._identity = identity

    def add(
        self,
        access: Access[OrganizationScope],
        values: Mapping[str, str],
        *,
        sub_organization_id: str | None = None,
        is_main: bool = False,
    ) -> Company:
        """Add a company and, unless one is named, a sub-organization for its documents.

        With `is_main` its documents belong to the organization itself.

        Raises:
            Forbidden: the actor is no administrator.
            InvalidInput: a wrong value, or no such sub-organization.
            Conflict: the place has a company, or there are 500.
        """
        access.require_organization_administrator()
        checked = checked_values(values)
        repository = CompanyRepository(access.connection)
        if repository.count(access.scope) >= MAX_COMPANIES:
            raise Conflict(
                _("There are {n} companies; no more can be added.").format(n=MAX_COMPANIES)
            )
        if is_main:
            sub_organization_id = None
        elif sub_organization_id is None:
            made = self._identity.create_sub_organization(access, checked["name"])
            sub_organization_id = made.id
        else:
            self._require_sub_organization(access, sub_organization_id)
        now = self._clock.now()
        company = Company(new_id("cmp"), sub_organization_id, checked, now, access.actor.name)
        try:
            with access.connection.begin_nested():
                repository.add(access.scope, company)
        except IntegrityError as error:
            raise Conflict(
                _(
                    "There is a company for these documents already. Change that one, or choose"
                    " another place."
                ),
                code="company_exists",
            ) from error
        details = {"name": company.name}
        self._audit.record(access, CompanyAction.CREATED, company.id, details)
        self._anew.begin(access)
        return company

    def change(
        self, access: Access[OrganizationScope], company_id: str, values: Mapping[str, str]
    ) -> Company:
        """Change the named values of a company; the others stay. Errors as `add`, and NotFound."""
        access.require_organization_administrator()
        before = self.get(access, company_id).values
        after = checked_values({**before, **values})
        now = self._clock.now()
        CompanyRepository(access.connection).change(
            access.scope, company_id, after, now, access.actor.name
        )
        changed = {
            name: f"{before[name]} → {text}" for name, text in after.items() if text != before[name]
        }
        if changed:
            self._audit.record(access, CompanyAction.CHANGED, company_id, changed)
            self._anew.begin(access)
        return self.get(access, company_id)

    def delete(self, access: Access[OrganizationScope], company_id: str) -> None:
        """Delete what is known of a company; its sub-organization and documents stay.

        Raises Forbidden and NotFound.
        """
        access.require_organization_administrator()
        details = {"name": self.get(access, company_id).name}
        CompanyRepository(access.connection).delete(access.scope, company_id)
        self._audit.record(access, CompanyAction.DELETED, company_id, details)
        self._anew.begin(access)

    def get(self, access: ScopedWork[OrganizationScope], company_id: str) -> Company:
        """Return the company; raises NotFound."""
        company = CompanyRepository(access.connection).find(access.scope, company_id)
        return existing(company, _("There is no such company."), code="no_company")

    def list(self, access: ScopedWork[OrganizationScope]) -> list[Company]:
        """Return the companies by name, at most 500."""
        return CompanyRepository(access.connection).list(access.scope)

    def _require_sub_organization(
        self, access: ScopedWork[OrganizationScope], sub_organization_id: str
    ) -> None:
        known = self._identity.list_sub_organizations(access)
        if sub_organization_id not in {one.id for one in known}:
            wrong = _("Choose a sub-organization of yours.")
            raise InvalidInput(wrong, fields={"sub_organization": wrong})


COMPANY_RULES = frozenset(
    {"no_company", "several_companies", "other_company", "company_by_address"}
)
"""The findings about whom an invoice is addressed to."""


def place_of(
    access: ScopedWork[OrganizationScope],
    addressee: Addressee,
    sub_organization_id: str | None,
    *,
    is_placed: bool = False,
) -> tuple[str | None, list[NewFinding]]:
    """Return the sub-organization that a document belongs to, and the findings about it.

    A sub-organization that a person chose stays, and so does every place with `is_placed`:
    another company's invoice then holds. While no company is defined nothing is compared.
    """
    companies = CompanyRepository(access.connection).list(access.scope)
    return place_among(companies, addressee, sub_organization_id, is_placed=is_placed)


def place_among(
    companies: Sequence[Company],
    addressee: Addressee,
    sub_organization_id: str | None,
    *,
    is_placed: bool = False,
) -> tuple[str | None, list[NewFinding]]:
    """Return what `place_of` does, for the companies of the organization."""
    if not companies:
        return sub_organization_id, []
    buyer = {"buyer": addressee.shown[:200]}
    how, company = match(companies, addressee)
    if company is None:
        code = "several_companies" if how is Match.SEVERAL else "no_company"
        return sub_organization_id, [NewFinding(code, buyer)]
    named = {**buyer, "company": company.name}
    is_placed = is_placed or sub_organization_id is not None
    if is_placed and company.sub_organization_id != sub_organization_id:
        return sub_organization_id, [NewFinding("other_company", named)]
    findings = [NewFinding("company_by_address", named)] if how is Match.ADDRESS else []
    return company.sub_organization_id, findings


def company_fields(access: ScopedWork[OrganizationScope], sub_organization_id: str | None) -> Row:
    """Return the company fields that a document's mappings may name; empty when none is defined."""
    company = CompanyRepository(access.connection).of_sub_organization(
        access.scope, sub_organization_id
    )
    return company.document_fields if company else {}
