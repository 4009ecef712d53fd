"""The details of the audit log in the reader's words: stored are codes and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ionport.connections.model import STAGES
from ionport.connections.proofs import ProofState
from ionport.core.i18n import N_, _, gettext, labelled
from ionport.core.mail.session import MailSecurity
from ionport.core.sentences import recalled
from ionport.documents.alerts.model import Pace
from ionport.documents.bulk.model import BulkAction, BulkAuditAction
from ionport.documents.list_files.model import FileFormat
from ionport.documents.receipts import ReceiptAction
from ionport.documents.type_settings.rule_words import rule_title
from ionport.documents.types import DOCUMENT_TYPES
from ionport.documents.webhooks.model import EventType
from ionport.exports.destinations import destination_of
from ionport.exports.model import ExportMethod, StepKind
from ionport.identity.api_keys.model import ApiKeyAction, ApiScope
from ionport.identity.groups.model import GroupAction
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import AuditEntry, OrganizationRole, TenantRole
from ionport.identity.sign_in_ways import SignInWay

_NAMES: Final[Mapping[str, str]] = {
    "action": N_("Action"),
    "added": N_("Added"),
    "ahead_seconds": N_("Seconds ahead"),
    "app": N_("App"),
    "approvals": N_("Approvals"),
    "attribute": N_("Attribute"),
    "before": N_("Before"),
    "by": N_("By"),
    "call": N_("Call"),
    "changed": N_("Changed"),
    "code": N_("Cause"),
    "company": N_("Company"),
    "configuration": N_("Configuration"),
    "connection": N_("Connection"),
    "context": N_("Context"),
    "count": N_("Count"),
    "decision": N_("Decision"),
    "delivery": N_("Delivery"),
    "document": N_("Document"),
    "documents": N_("Documents"),
    "error": N_("Error"),
    "events": N_("Events"),
    "exported by itself": N_("Exported by itself"),
    "error_code": N_("Error"),
    "fields": N_("Fields"),
    "filename": N_("Document Name"),
    "file": N_("File"),
    "finding": N_("Finding"),
    "findings": N_("Findings"),
    "fingerprint": N_("Fingerprint"),
    "folder": N_("Folder"),
    "format": N_("File"),
    "grants": N_("Permissions"),
    "group": N_("Group"),
    "host": N_("Server"),
    "is_on": N_("Switched on"),
    "issuer": N_("Issuer"),
    "kid": N_("Key id"),
    "kind": N_("Kind"),
    "left": N_("Left"),
    "logical_id": N_("Logical ID"),
    "message": N_("Message"),
    "method": N_("Method"),
    "name": N_("Name"),
    "new": N_("New"),
    "number": N_("Number"),
    "old": N_("Old"),
    "overlap_seconds": N_("Seconds with both secrets"),
    "pace": N_("How often"),
    "page": N_("Page"),
    "password": N_("Password"),
    "place": N_("Organization"),
    "policy": N_("Policy"),
    "program": N_("Program"),
    "proof": N_("Proof"),
    "query": N_("Search"),
    "question": N_("Question"),
    "reason": N_("Reason"),
    "record": N_("Record"),
    "recipients": N_("Recipients"),
    "role": N_("Role"),
    "rows": N_("Rows"),
    "scope": N_("Scope"),
    "security": N_("Encryption"),
    "sender": N_("Sender"),
    "service_account": N_("Service account"),
    "sha256": N_("SHA-256"),
    "scopes": N_("May be used for"),
    "stage": N_("Stage"),
    "status": N_("Status"),
    "step": N_("Step"),
    "tenant": N_("Tenant"),
    "text": N_("Text"),
    "title": N_("Title"),
    "transaction": N_("Transaction"),
    "type": N_("Type"),
    "unchanged": N_("Unchanged"),
    "url": N_("Address"),
    "version": N_("Version"),
    "years": N_("Years"),
}


def detail_text(entry: AuditEntry, *left_out: str) -> str:
    """Return all that was noted of a change, by name; without the details `left_out`."""
    return "; ".join(
        _detail(entry.action, name, text)
        for name, text in entry.details.items()
        if name not in left_out and text
    )


def detail_words(entry: AuditEntry, name: str) -> str:
    """Return one detail in words; empty where nothing was noted under that name."""
    words = _WORDS.get((entry.action, name)) or _WORDS.get(("", name))
    return _worded(words, entry.details.get(name, ""))


def document_type_label(code: str) -> str:
    """Return the name of a document type; a code that is none stays."""
    kind = DOCUMENT_TYPES.get(code)
    return kind.label if kind else code


def _detail(action: str, name: str, text: str) -> str:
    words = _WORDS.get((action, name)) or _WORDS.get(("", name))
    if name.startswith("effect "):
        words = _change
    # The details of some actions are named by the type that they are about.
    label = gettext(_NAMES[name]) if name in _NAMES else _effect_of(name)
    return labelled(label.replace("_", " "), _worded(words, text))


def _effect_of(name: str) -> str:
    """Return the label of a detail that is named by a rule, a document type or nothing known."""
    is_effect, _space, code = name.partition(" ")
    if is_effect == "effect" and (title := rule_title(code)):
        return _("{rule} ({code})").format(rule=title, code=code)
    label = document_type_label(name)
    return label if label != name else name[:1].upper() + name[1:]


def _change(text: str) -> str:
    """Return two effects of a rule, before and after, in words."""
    names = {"holds": _("holds"), "notes": _("notes"), "default": _("as shipped")}
    return " → ".join(names.get(one, one) for one in text.split(" → "))


def _fields(text: str) -> str:
    labels = {one.id: one.label for kind in DOCUMENT_TYPES.values() for one in kind.fields}
    return ", ".join(labels.get(one, one) for one in text.split(", "))


def _approvals(text: str) -> str:
    parts = [one.replace("None", _("never")) for one in text.split(",")]
    return ",".join(parts)


def _worded(words: Callable[[str], str] | None, text: str) -> str:
    """Return a value in words; one that this version does not know as it was stored."""
    try:
        return words(text) if words else text
    except (KeyError, ValueError):
        return text


def _grants(text: str) -> str:
    return ", ".join(_worded(_grant, one) for one in text.split(", ") if one)


def _grant(text: str) -> str:
    code, _space, kind = text.partition(" ")
    label = Permission(code).label
    if not kind:
        return label
    return _("{permission} ({type})").format(permission=label, type=document_type_label(kind))


def _events(text: str) -> str:
    return ", ".join(_worded(lambda one: EventType(one).label, event) for event in text.split(", "))


def _role(text: str) -> str:
    roles = (*TenantRole, *OrganizationRole)
    return next((role.label for role in roles if role.value == text), text)


def _scopes(text: str) -> str:
    return ", ".join(_worded(lambda one: ApiScope(one).label, scope) for scope in text.split())


_WORDS: Final[Mapping[tuple[str, str], Callable[[str], str]]] = {
    (BulkAuditAction.STARTED, "action"): lambda text: BulkAction(text).label,
    (GroupAction.CREATED, "grants"): _grants,
    (GroupAction.CHANGED, "grants"): _grants,
    (ApiKeyAction.CREATED, "scopes"): _scopes,
    (ReceiptAction.MALWARE_REFUSED, "reason"): recalled,
    ("", "approvals"): _approvals,
    ("", "fields"): _fields,
    ("", "by"): lambda text: SignInWay(text).label,
    ("", "method"): lambda text: destination_of(ExportMethod(text)).label,
    ("", "proof"): lambda text: ProofState(text).label,
    ("", "stage"): lambda text: dict(STAGES)[text],
    ("", "role"): _role,
    ("", "events"): _events,
    ("", "is_on"): lambda text: {"True": _("yes"), "False": _("no")}[text],
    ("", "pace"): lambda text: Pace(text).label,
    ("", "security"): lambda text: MailSecurity(text).label,
    ("", "format"): lambda text: FileFormat(text).label,
    ("", "step"): lambda text: StepKind(text).label,
}
