"""Values of connections and of their checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ionport.core.i18n import N_, _
from ionport.core.sentences import recalled, stored
from ionport.identity.model import AuditAction
from ionport.ionapi.wording import values_of

# A running check writes at least one row in this time: no single call of a stage may take longer.
SILENCE_OF_A_DEAD_CHECK = timedelta(seconds=150)


class TargetKind(StrEnum):
    """What a connection leads to: an Infor tenant by its `.ionapi` file, or something else.

    Source: docs/reference/document-system.md#export-methods.
    """

    INFOR = "infor"
    FOLDER = "folder"
    SFTP = "sftp"
    SMB = "smb"
    WEBHOOK = "webhook"
    PULL = "pull"

    @property
    def label(self) -> str:
        """In the user's words."""
        return {
            TargetKind.INFOR: _("Infor"),
            TargetKind.FOLDER: _("Local folder"),
            TargetKind.SFTP: _("SFTP"),
            TargetKind.SMB: _("SMB"),
            TargetKind.WEBHOOK: _("Webhook"),
            TargetKind.PULL: _("On-Premise"),
        }[self]


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning or hint about an uploaded file, kept to be shown; contains no secret."""

    severity: str
    code: str
    key: str
    text: str
    remedy: str

    def stored(self) -> dict[str, str]:
        """Return it as JSON keeps it."""
        return asdict(self) | {"text": stored(self.text), "remedy": stored(self.remedy)}

    @classmethod
    def restored(cls, kept: Mapping[str, str]) -> Remark:
        """Return what `stored` gave, in the language of who reads."""
        told = {name: recalled(kept[name]) for name in ("text", "remedy")}
        return cls(**{**kept, **told})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFile:
    """What is known of the file of a connection, without anything secret."""

    app_name: str
    environment: str | None
    gateway: str
    authorization_server: str
    client_id: str
    kind: str
    fingerprint: str
    remarks: tuple[Remark, ...]
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(ConnectionFile):
    """An uploaded `.ionapi`, without anything secret. Shown by tenant, app and gateway.

    A connection of another kind has `parameters` and, as `gateway`, the place it leads to.
    """

    id: str
    organization_id: str
    name: str
    tenant_id: str
    target: TargetKind = TargetKind.INFOR
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    credentials_end_on: str | None = None
    """The last day on which its credentials are good (YYYY-MM-DD), as a person has noted it."""
    paused_at: datetime | None = None
    """Since when a person has paused it: nothing is delivered over it."""
    paused_by: str = ""
    pause_reason: str = ""

    @property
    def is_infor(self) -> bool:
        return self.target is TargetKind.INFOR

    def days_left(self, today: date) -> int | None:
        """Return how many days its credentials are good after today; None where nobody knows."""
        if self.credentials_end_on is None:
            return None
        return (date.fromisoformat(self.credentials_end_on) - today).days

    @property
    def place(self) -> str:
        """Where it leads, as a text for people: the tenant, or folder, server or address."""
        return self.tenant_id if self.is_infor else self.gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerFile(ConnectionFile):
    """A file of a connection that was replaced, without its secrets."""

    id: str
    connection_id: str
    replaced_by: str
    replaced_at: datetime


class CheckStatus(StrEnum):
    """The status of a check. *Interrupted*: its process ended before it did."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class StageStatus(StrEnum):
    """The status of one stage of a check."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckStage:
    """One stage of the proof: what was tried, the result, and what to do about it.

    `code` is a stable word for how it ended (`ionport.ionapi.probe`); texts are English sentences.
    """

    key: str
    title: str
    status: StageStatus
    milliseconds: int | None = None
    summary: str = ""
    cause: str = ""
    remedy: str = ""
    details: tuple[tuple[str, str], ...] = ()
    code: str = ""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The values of the texts' placeholders, by name."""
        return values_of(self.summary, self.cause, self.remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """One proof of a connection, stage by stage, as it is written while it runs."""

    id: str
    connection_id: str
    status: CheckStatus
    stages: tuple[CheckStage, ...]
    started_by: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    runner: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status is not CheckStatus.RUNNING

    def as_seen_at(self, now: datetime) -> Check:
        """Return the check, as interrupted when it has written nothing for too long."""
        if self.is_over or now - self.updated_at < SILENCE_OF_A_DEAD_CHECK:
            return self
        return replace(self, status=CheckStatus.INTERRUPTED, finished_at=self.updated_at)


# As the client library's probe names them (`ionport.ionapi.probe`).
STAGES = (
    ("file", N_("ION API file")),
    ("network", N_("Network")),
    ("token", N_("Access token")),
    ("refresh", N_("Refresh token")),
    ("idm", N_("Document Management (IDM)")),
    ("ion", N_("ION messaging")),
    ("m3", N_("M3")),
    ("ln", N_("LN")),
)


class ConnectionAction(AuditAction):
    """What the audit log tells of a connection."""

    UPLOADED = "connection.uploaded", N_("Connection uploaded")
    REPLACED = "connection.replaced", N_("File of the connection replaced")
    RESTORED = "connection.restored", N_("Former file of the connection restored")
    RENAMED = "connection.renamed", N_("Connection renamed")
    DELETED = "connection.deleted", N_("Connection deleted")
    ADDED = "connection.added", N_("Connection added")
    CHANGED = "connection.changed", N_("Connection changed")
    LIMITED = "connection.limited", N_("Limits of the connection changed")
    END_NOTED = "connection.end_noted", N_("End of the connection's credentials noted")
    PAUSED = "connection.paused", N_("Connection paused")
    RESUMED = "connection.resumed", N_("Connection resumed")
    CHECKED = "connection.checked", N_("Proof of the connection begun")
