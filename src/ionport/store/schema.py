"""The one MetaData that every `tables.py` registers in, and the column types they share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ionport.core.sentences import recalled, stored

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Return a moment as it is stored; raises ValueError when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, stored as microseconds since 1970: sorts and compares alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        seconds, microseconds = divmod(int(value), 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


class SentenceText(TypeDecorator[str]):
    """A sentence for people, stored as template and parameters (`core.sentences`).

    It is read in the language of who reads: what compares it takes `core.sentences.english`.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else stored(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else recalled(value)


def required(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    """Return columns of one type that have a value in every row."""
    return [Column(name, kind, nullable=False) for name in names]


def part_of(name: str, whole: str | Column[str], **more: Any) -> Column[str]:
    """Return the column that names the row which a row goes with, deleted with it."""
    return Column(name, Text, ForeignKey(whole, ondelete="CASCADE"), nullable=False, **more)
