"""Entries of the timeline in words: stored are a code and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ionport.core.i18n import _
from ionport.documents.review.sentences import finding_text

Parameters = Mapping[str, str]
FINDING_CODE: Final = "finding_code"
"""The parameter that names the finding an entry tells of; the others are the finding's."""


def entry_text(code: str, parameters: Parameters) -> str:
    """Return the sentence of an entry; an unknown code is shown as it is stored."""
    undone = code.startswith(_UNDONE)
    make = _SENTENCES.get("decided." + code.removeprefix(_UNDONE) if undone else code)
    try:
        text = make(parameters) if make is not None else ""
    except KeyError:
        text = ""
    if not text:
        values = ", ".join(f"{name} {value}" for name, value in sorted(parameters.items()))
        return f"{code}: {values}" if values else code
    return _("Undone: {decision}").format(decision=text) if undone else text


_UNDONE = "undone."


def _corrected(values: Parameters) -> str:
    target = values.get("label") or values["target"]
    if not values["new"]:
        return _("{field} was taken away; it was “{old}”.").format(field=target, old=values["old"])
    if not values["old"]:
        return _("{field} was set to “{new}”; it had no value.").format(
            field=target, new=values["new"]
        )
    return _("{field} was corrected from “{old}” to “{new}”.").format(
        field=target, old=values["old"], new=values["new"]
    )


def _chosen(values: Parameters) -> str:
    return _("{name} counts of the invoices in this PDF.").format(name=values["name"])


def _accepted(values: Parameters) -> str:
    return _("The findings were accepted: {reason}").format(reason=values["reason"])


def _rejected(values: Parameters) -> str:
    return _("The document was rejected: {reason}").format(reason=values["reason"])


def _duplicate(values: Parameters) -> str:
    other = values.get("filename") or _("a document of a type that you may not see")
    text = _("The document was rejected as a duplicate of {filename}.").format(filename=other)
    return f"{text} {values.get('reason', '')}".strip()


def _held(values: Parameters) -> str:
    return _("The document was put on hold: {reason}").format(reason=values["reason"])


def _deleted(values: Parameters) -> str:
    return _("The document was deleted: {reason}").format(reason=values["reason"])


def _approved(values: Parameters) -> str:
    return _("The document was approved.")


def _found(values: Parameters) -> str:
    told = {name: value for name, value in values.items() if name != FINDING_CODE}
    return finding_text(values[FINDING_CODE], told)


def _resolved(values: Parameters) -> str:
    # Earlier versions stored the sentence.
    finding = values.get("finding") or _found(values)
    return _("What was found no longer holds: {finding}").format(finding=finding)


def _moved(values: Parameters) -> str:
    if values["from"] == values["to"]:
        return _("It stays with {place}: a person has said so.").format(place=values["to"])
    return _("It was moved from {before} to {now}.").format(before=values["from"], now=values["to"])


def _purged(values: Parameters) -> str:
    return _(
        "The content was removed: its document type is kept for {years} years. The file had the"
        " SHA-256 {sha256}."
    ).format(years=values["years"], sha256=values["sha256"])


def _received(values: Parameters) -> str:
    return _("Received {filename}, {size} bytes.").format(
        filename=values["filename"], size=values["size"]
    )


def _edit_taken_over(values: Parameters) -> str:
    return _("The editing was taken over from {person}.").format(person=values["person"])


_SENTENCES: Mapping[str, Callable[[Parameters], str]] = {
    "decided.correct": _corrected,
    "decided.choose": _chosen,
    "decided.accept": _accepted,
    "decided.reject": _rejected,
    "decided.duplicate": _duplicate,
    "decided.hold": _held,
    "decided.delete": _deleted,
    "decided.approve": _approved,
    "edit_taken_over": _edit_taken_over,
    "finding.found": _found,
    "finding.resolved": _resolved,
    "moved": _moved,
    "purged": _purged,
    "received": _received,
    # By a correction, and not by a person's move.
    "placed": _moved,
}
