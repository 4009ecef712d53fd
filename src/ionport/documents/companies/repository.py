"""The only SQL of companies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from ionport.documents.companies.model import COMPANY_FIELDS, MAX_COMPANIES, Company
from ionport.documents.companies.tables import companies
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_c = companies.c
# Built once: each document that comes in runs the first, each delivery that is rendered the second.
_ALL = (
    select(companies)
    .where(_c.organization_id == bindparam("organization"))
    .order_by(_c.name, _c.id)
    .limit(MAX_COMPANIES)
)
_OF_SUB_ORGANIZATION = select(companies).where(
    _c.organization_id == bindparam("organization"),
    _c.sub_organization_id.is_not_distinct_from(bindparam("sub_organization")),
)


class CompanyRepository(Repository):
    """The companies of one organization."""

    def list(self, scope: OrganizationScope) -> list[Company]:
        """Return all companies by name, at most `MAX_COMPANIES`."""
        return self._all(_ALL, _company, {"organization": scope.organization_id})

    def count(self, scope: OrganizationScope) -> int:
        return self._count(companies, in_scope(companies, scope))

    def find(self, scope: OrganizationScope, company_id: str) -> Company | None:
        return self._get(companies, _company, scope, id=company_id)

    def of_sub_organization(
        self, scope: OrganizationScope, sub_organization_id: str | None
    ) -> Company | None:
        """Return the company whose documents belong to the sub-organization; None: to none."""
        parameters = {
            "organization": scope.organization_id,
            "sub_organization": sub_organization_id,
        }
        return self._one(_OF_SUB_ORGANIZATION, _company, parameters)

    def add(self, scope: OrganizationScope, company: Company) -> None:
        """Add a company; raises SQLAlchemy's IntegrityError when its place has one already."""
        self._run(
            insert(companies).values(
                columns_of(
                    companies, company, organization_id=scope.organization_id, **company.values
                )
            )
        )

    def change(
        self,
        scope: OrganizationScope,
        company_id: str,
        values: Mapping[str, str],
        at: datetime,
        by: str,
    ) -> None:
        self._run(
            update(companies)
            .where(in_scope(companies, scope, id=company_id))
            .values(updated_at=at, updated_by=by, **values)
        )

    def delete(self, scope: OrganizationScope, company_id: str) -> None:
        self._delete(companies, scope, id=company_id)


_company = reader(Company, values=lambda row: {name: getattr(row, name) for name in COMPANY_FIELDS})
