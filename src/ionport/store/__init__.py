"""The database: engine, unit of work, scopes, shared schema."""

from ionport.store.away import DATABASE_AWAY, database_away
from ionport.store.engine import Database, sqlite_url, with_limits
from ionport.store.named_files import columns_that_name_files
from ionport.store.partial import partial_index
from ionport.store.schema import Moment, SentenceText, metadata, to_microseconds
from ionport.store.scopes import AnyScope, OrganizationScope, SystemScope, TenantScope
from ionport.store.sealed import has_sealed_values
from ionport.store.upsert import insert_of
from ionport.store.work import ScopedWork, Work

__all__ = [
    "DATABASE_AWAY",
    "AnyScope",
    "Database",
    "Moment",
    "OrganizationScope",
    "ScopedWork",
    "SentenceText",
    "SystemScope",
    "TenantScope",
    "Work",
    "columns_that_name_files",
    "database_away",
    "has_sealed_values",
    "insert_of",
    "metadata",
    "partial_index",
    "sqlite_url",
    "to_microseconds",
    "with_limits",
]
