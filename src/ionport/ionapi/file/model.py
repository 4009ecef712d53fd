"""The `.ionapi` credential file (docs/reference/credentials.md#the-file)."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CredentialFileError
from ..finding import DOWNLOAD_AGAIN, Finding
from ..secrets import DOTS, Secret
from ..wording import N_, joined, worded
from .checks import check
from .sniff import other_file_type
from .values import FileValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BYTES = 64 * 1024

# In the order in which Infor writes them.
MEANINGS: Mapping[str, str] = {
    "ti": N_("Tenant identifier"),
    "cn": N_("Name of the authorized app"),
    "dt": N_("Code that Infor writes into every file; its meaning is not documented"),
    "ci": N_("Client ID of the authorized app"),
    "cs": N_("Client secret of the authorized app"),
    "iu": N_("Base address of the ION API gateway"),
    "pu": N_("Base address of the authorization server"),
    "oa": N_("Authorization address, relative to pu"),
    "ot": N_("Token address, relative to pu"),
    "or": N_("Revocation address, relative to pu"),
    "ru": N_("Redirect URL (Web and Mobile apps only)"),
    "sc": N_("Scopes that the app may ask for"),
    "ev": N_("Stamp of the server farm"),
    "v": N_("Version of the authorized app"),
    "saak": N_("Access key of the service account"),
    "sask": N_("Secret key of the service account"),
}
REQUIRED = ("ti", "ci", "cs", "iu", "pu", "ot")
_SECRETS = frozenset({"cs", "saak", "sask"})
_ENVIRONMENT = re.compile(r"_(PRD|TST|TRN|DEV|DEM)$")


class Kind(Enum):
    """How the holder of the file signs on."""

    BACKEND_SERVICE_ACCOUNT = "backend_service_account"
    CLIENT_CREDENTIALS = "client_credentials"
    WEB = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class IonApiFile(FileValues):
    """The content of an `.ionapi` file, read, checked and shown without its secrets."""

    @classmethod
    def load(cls, path: str | Path) -> IonApiFile:
        """Read a file from disk. Raises CredentialFileError, or OSError when it is not readable."""
        with Path(path).open("rb") as stream:
            return cls.parse(stream.read(MAX_BYTES + 1))

    @classmethod
    def parse(cls, content: bytes | str) -> IonApiFile:
        """Take the content of a file, with or without a byte order mark.

        Raises CredentialFileError naming what the content is instead, where the JSON breaks, or
        every key that is missing or has the wrong type. Addresses are checked by `validate`.

        An audit hook (PEP 578) gets each file as `ionport.ionapi.file`, with its `iu` and `pu`;
        what it raises is raised here.
        """
        if isinstance(content, str):
            content = content.encode("utf-8", "replace")
        data = _object(_text(content))
        problems = [*_missing(data), *_wrong_types(data)]
        if problems:
            text = joined(*(problem.text for problem in problems))
            raise _refusal("incomplete", text, findings=problems)
        known = {_attribute(key): _value(key, data[key]) for key in MEANINGS if _given(data, key)}
        extra = {key: value for key, value in data.items() if key not in MEANINGS}
        sys.audit("ionport.ionapi.file", known["iu"], known["pu"])
        return cls(**known, extra=extra)

    def validate(self) -> list[Finding]:
        """All remarks on the content, errors first. The list is empty when there are none."""
        return check(self)

    def require_valid(self) -> None:
        """Raise CredentialFileError if `validate` finds an error."""
        found = self.validate()
        errors = [finding for finding in found if finding.severity == "error"]
        if errors:
            raise CredentialFileError(
                joined(*(finding.text for finding in errors)),
                code=errors[0].code,
                remedy=errors[0].remedy,
                findings=found,
            )

    @property
    def kind(self) -> Kind:
        """The kind of sign-on the keys allow."""
        if self.saak is not None:
            return Kind.BACKEND_SERVICE_ACCOUNT
        return Kind.WEB if self.ru else Kind.CLIENT_CREDENTIALS

    @property
    def environment(self) -> str | None:
        """PRD, TST, TRN, DEV or DEM from the tenant id's end; None on premises."""
        match = _ENVIRONMENT.search(self.ti)
        return match[1] if match else None

    @property
    def api_url(self) -> str:
        """Base of all suites: `{iu}/{ti}` (docs/reference/gateway.md#addresses)."""
        return f"{self.iu.rstrip('/')}/{self.ti}"

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return self._below_pu(self.ot)

    @property
    def authorization_url(self) -> str | None:
        """Where a person is sent to sign on; None when the file has no `oa`."""
        return self._below_pu(self.oa) if self.oa else None

    @property
    def revocation_url(self) -> str | None:
        """Where tokens are revoked; None when the file has no `or`."""
        return self._below_pu(self.or_) if self.or_ else None

    @property
    def fingerprint(self) -> str:
        """128 bits (hex) of SHA-256 over the canonical content, secrets included.

        Two files with the same fingerprint are the same credential, independent of layout.
        """
        canonical = json.dumps(self._content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of the file, for redaction."""
        return tuple(secret for secret in (self.cs, self.saak, self.sask) if secret is not None)

    def explain(self) -> list[tuple[str, str, str]]:
        """Rows of key, redacted value and meaning, in the file's order."""
        return [
            (key, value, MEANINGS.get(key, "Unknown to Infor's documentation; kept, not used"))
            for key, value in self.redacted().items()
        ]

    def redacted(self) -> dict[str, str]:
        """The content without secrets: the client id shortened, secrets and extras as dots."""
        shown: dict[str, str] = {}
        for key, value in self._content().items():
            if key in _SECRETS or key not in MEANINGS:
                shown[key] = DOTS
            elif key == "ci":
                shown[key] = shorten(self.ci)
            else:
                shown[key] = " ".join(value) if key == "sc" else str(value)
        return shown

    def to_bytes(self) -> bytes:
        """The file as Infor writes it: same keys, order and shapes, UTF-8 without a mark."""
        text = json.dumps(self._content(), ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def _below_pu(self, name: str) -> str:
        return f"{self.pu.rstrip('/')}/{name}"

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key in MEANINGS:
            value = getattr(self, _attribute(key))
            if value is not None:
                content[key] = value.reveal() if isinstance(value, Secret) else value
        return content | dict(self.extra)


def shorten(client_id: str) -> str:
    """Return a client id shortened for display: tenant and four characters."""
    tenant, tilde, rest = client_id.partition("~")
    return f"{tenant}~{rest[:4]}…" if tilde else f"{client_id[:4]}…"


def _attribute(key: str) -> str:
    return "or_" if key == "or" else key


def _value(key: str, value: Any) -> Any:
    if key in _SECRETS:
        return Secret(value)
    return tuple(value) if key == "sc" else value


def _given(data: Mapping[str, Any], key: str) -> bool:
    """An empty string or null counts as absent: other tools write them for keys without value."""
    return data.get(key) not in (None, "")


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _refusal(
            "too_large",
            worded(
                "The file is larger than {most} KiB; an .ionapi file has about one KiB.",
                most=MAX_BYTES // 1024,
            ),
        )
    if not content.strip():
        raise _refusal("empty", worded("The file is empty."))
    kind = other_file_type(content)
    if kind:
        what = worded("This is {kind}, not an .ionapi file.", kind=worded(kind))
        raise _refusal("other_type", what)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        wrong = worded("The file is not UTF-8 text (byte {byte}).", byte=error.start + 1)
        raise _refusal("not_text", wrong) from None


def _object(text: str) -> dict[str, Any]:
    # The decoder's errors carry the whole text, secrets included: hence `from None`.
    try:
        data = json.loads(text, object_pairs_hook=_no_duplicates)
        json.dumps(data, ensure_ascii=False).encode()  # halves of surrogate pairs fail here
    except json.JSONDecodeError as error:
        raise _refusal(
            "not_json",
            worded(
                "The file is not valid JSON: {reason} in line {line}, column {column}.",
                reason=error.msg,
                line=error.lineno,
                column=error.colno,
            ),
        ) from None
    except (RecursionError, ValueError):
        wrong = worded("The file is not JSON of the kind that Infor writes.")
        raise _refusal("not_json", wrong) from None
    if not isinstance(data, dict):
        raise _refusal(
            "not_object",
            worded(
                "The file is JSON, but not one object; several credentials in one file are not"
                " read."
            ),
            remedy=worded("Use one file for each authorized app, as Infor downloads it."),
        )
    if not any(key in data for key in ("ti", "ci", "cs", "pu", "iu", "saak")):
        raise _refusal(
            "other_type",
            worded("The file is JSON, but none of its keys belongs to an .ionapi file."),
            findings=_missing(data),
        )
    return data


def _refusal(
    code: str, text: str, *, remedy: str = DOWNLOAD_AGAIN, findings: Sequence[Finding] = ()
) -> CredentialFileError:
    return CredentialFileError(text, code=code, remedy=remedy, findings=findings)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        shown = ", ".join(key[:40] for key in twice[:5])
        raise _refusal("duplicate_key", worded("The file names a key twice: {keys}.", keys=shown))
    return data


def _missing(data: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            "error",
            "missing",
            key,
            worded("{key} is missing ({meaning}).", key=key, meaning=worded(MEANINGS[key])),
            DOWNLOAD_AGAIN,
        )
        for key in REQUIRED
        if not _given(data, key)
    ]


def _wrong_types(data: Mapping[str, Any]) -> list[Finding]:
    wrong = []
    for key, meaning in MEANINGS.items():
        value = data.get(key)
        if not _given(data, key):
            continue
        if key == "sc":
            fits = isinstance(value, list) and all(isinstance(scope, str) for scope in value)
            template = N_("{key} ({meaning}) must be a list of texts.")
        else:
            fits, template = isinstance(value, str), N_("{key} ({meaning}) must be a text.")
        if not fits:
            text = worded(template, key=key, meaning=worded(meaning))
            wrong.append(Finding("error", "wrong_type", key, text, DOWNLOAD_AGAIN))
    return wrong
