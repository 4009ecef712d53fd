"""Two people edit one stored thing at once: the second is told, and nothing is overwritten.

A form carries a mark of the values that it showed. Before they are stored, in the same
transaction, the mark is compared with what is stored now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.audit import AuditLog
from ionport.store import AnyScope, ScopedWork
from ionport.store.locks import lock_name

_DIGEST = 12
_LONGEST_VALUE = 80
_MOST_NAMED = 8


class ChangedMeanwhile(Conflict):
    """What a form would overwrite is not what it showed. `mark` is of what is stored now."""

    default_code = "changed_meanwhile"

    def __init__(self, text: str, *, mark: str) -> None:
        super().__init__(text)
        self.mark = mark


def mark_of(values: Mapping[str, str]) -> str:
    """Return a mark of the values that a form shows: the names, with a digest of each value.

    A name that begins with a dot is of something that is not shown, such as a time of change.
    """
    return " ".join(f"{name}={_digest(value)}" for name, value in sorted(values.items()))


def require_unchanged(
    access: ScopedWork[AnyScope],
    audit: AuditLog,
    subject: str,
    mark: str,
    stored: Callable[[], Mapping[str, str]],
    told_by: str = "",
) -> None:
    """Compare what a form showed with what `stored` reads now; other edits of `subject` wait.

    The audit log says who it was: under `told_by`, where changes are noted under another subject.

    Raises:
        ChangedMeanwhile: says who changed it, when, and what is different now.
    """
    lock_name(access.connection, f"edit {subject}")
    now = stored()
    current = mark_of(now)
    if current == mark:
        return
    shown = _read(mark)
    different = [name for name, value in now.items() if shown.get(name) != _digest(value)]
    what = _what(different, now) if shown else _("the form was not made from what is stored")
    raise ChangedMeanwhile(
        _(
            "{who} changed this while you had it open: {what}. Nothing of yours is saved yet; your"
            " values are still in the form. Look at the difference, then save again."
        ).format(who=_who(access, audit, told_by or subject), what=what),
        mark=current,
    )


def _what(different: list[str], now: Mapping[str, str]) -> str:
    named = [
        _("{field} is now “{value}”").format(field=_words(name), value=_short(now[name]))
        for name in different
        if not name.startswith(".")
    ][:_MOST_NAMED]
    return "; ".join(named) or _("something that the form does not show, such as a secret")


def _who(access: ScopedWork[AnyScope], audit: AuditLog, subject: str) -> str:
    entries = audit.list(access, PageRequest(per_page=1), [subject]).items
    if not entries:
        return _("Somebody")
    at = entries[0].at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return _("{name} ({at})").format(name=entries[0].actor_name, at=at)


def _read(mark: str) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in mark.split()]
    return {name: digest for name, _equals, digest in pairs}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ").replace(":", " ").capitalize()


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST_VALUE else f"{line[:_LONGEST_VALUE]}…"
