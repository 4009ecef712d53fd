"""The database: engine, unit of work, scopes, shared schema."""

from ionport.store.engine import Database, sqlite_url
from ionport.store.schema import Moment, metadata, to_microseconds
from ionport.store.scopes import OrganizationScope, SystemScope, TenantScope
from ionport.store.work import Work

__all__ = [
    "Database",
    "Moment",
    "OrganizationScope",
    "SystemScope",
    "TenantScope",
    "Work",
    "metadata",
    "sqlite_url",
    "to_microseconds",
]
