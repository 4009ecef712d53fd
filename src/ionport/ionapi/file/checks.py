"""The checks of an `.ionapi` file: one small function per rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..addresses import split_base_url
from ..finding import DOWNLOAD_AGAIN, SERVICE_ACCOUNT, Finding
from ..wording import joined, worded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .values import FileValues


_RELATIVE = re.compile(r"[A-Za-z0-9._/-]+")
_TENANT = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,64}")
_HEADER_SAFE = re.compile(r"[!-~]+")
_SECRET_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")

# Lengths seen in real files, older ones included (docs/reference/credentials.md#the-file "Lengths
# measured").
_CLIENT_ID_SUFFIX = {40, 43}
_CLIENT_SECRET = {82, 86, 87}
_SERVICE_KEY = {86}


def check(file: FileValues) -> list[Finding]:
    """All findings, errors first (docs/reference/credentials.md#the-file)."""
    rules = (
        _swapped,
        _kind,
        _service_account_pair,
        _gateway_address,
        _authorization_server,
        _relative_names,
        _tenant_id,
        _tenant_agrees,
        _identifiers,
        _lengths,
        _scopes,
    )
    found = [finding for rule in rules for finding in rule(file)]
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda finding: order[finding.severity])


def _swapped(file: FileValues) -> Iterator[Finding]:
    """Keys whose values stand in each other's place, as copying by hand leaves them."""
    saak = "" if file.saak is None else file.saak.reveal()
    sask = "" if file.sask is None else file.sask.reveal()
    pairs = [
        # Only a client id has a tilde behind the tenant, only an access key a number sign.
        ("ci", "cs", "~" in file.cs.reveal() and "~" not in file.ci),
        ("saak", "sask", "#" in sask and "#" not in saak),
        ("iu", "pu", _is_authorization_server(file.iu) and not _is_authorization_server(file.pu)),
        ("oa", "ot", "token" in (file.oa or "") and "authorization" in file.ot),
        ("ot", "or", "revoke" in file.ot and "revoke" not in (file.or_ or "revoke")),
    ]
    for first, second, are_swapped in pairs:
        if are_swapped:
            yield Finding(
                "error",
                "swapped",
                first,
                worded(
                    "{first} and {second} are swapped: each has the value of the other.",
                    first=first,
                    second=second,
                ),
                joined(worded("Swap them back, or download the file unchanged."), DOWNLOAD_AGAIN),
            )


def _is_authorization_server(url: str) -> bool:
    return re.search(r"/as/?$", url) is not None


def _kind(file: FileValues) -> Iterator[Finding]:
    if file.saak is not None:
        if file.ru:
            yield Finding(
                "warning",
                "redirect_with_service_account",
                "ru",
                worded(
                    "The file has a redirect URL and a service account; real files have one of"
                    " them."
                ),
                DOWNLOAD_AGAIN,
            )
    elif file.ru:
        yield Finding(
            "error",
            "web_app",
            "ru",
            worded(
                "This is the file of a Web or Mobile app: it signs on a person in a browser and "
                "has no service account."
            ),
            joined(SERVICE_ACCOUNT, worded("The app's Type must be Backend Service.")),
        )
    elif file.sask is None:
        yield Finding(
            "info",
            "no_service_account",
            "saak",
            worded("The file has no service account; the client credentials grant will be tried."),
            worded(
                "If the app's Grant Type is not Client Credentials: {remedy}",
                remedy=SERVICE_ACCOUNT,
            ),
        )


def _service_account_pair(file: FileValues) -> Iterator[Finding]:
    if (file.saak is None) != (file.sask is None):
        present, absent = ("saak", "sask") if file.sask is None else ("sask", "saak")
        yield Finding(
            "error",
            "half_service_account",
            absent,
            worded(
                "The file has {present} but not {absent}: a service account needs both keys.",
                present=present,
                absent=absent,
            ),
            SERVICE_ACCOUNT,
        )


def _gateway_address(file: FileValues) -> Iterator[Finding]:
    yield from _base_url("iu", file.iu)
    if file.iu.rstrip("/").rpartition("/")[2].upper() == file.ti.upper():
        yield Finding(
            "error",
            "tenant_in_gateway",
            "iu",
            worded(
                "The gateway's address in iu ends with the tenant already, and would get it twice:"
                " iu is the address alone, and the tenant stands in ti."
            ),
            DOWNLOAD_AGAIN,
        )


def _authorization_server(file: FileValues) -> Iterator[Finding]:
    yield from _base_url("pu", file.pu)
    if not file.pu.endswith("/"):
        yield Finding(
            "warning",
            "no_trailing_slash",
            "pu",
            worded("The authorization server's address does not end with a slash; one is added."),
        )


def _base_url(key: str, url: str) -> Iterator[Finding]:
    try:
        split_base_url(url)
    except ValueError as reason:
        wrong = worded("The address in {key} {reason}.", key=key, reason=reason.args[0])
        yield Finding("error", "bad_address", key, wrong, DOWNLOAD_AGAIN)


def _relative_names(file: FileValues) -> Iterator[Finding]:
    for key, name in (("oa", file.oa), ("ot", file.ot), ("or", file.or_)):
        if name is None:
            continue
        segments = name.split("/")
        if (
            not _RELATIVE.fullmatch(name)
            or name.startswith("/")
            or "" in segments[:-1]
            or ".." in segments
            or "." in segments
        ):
            yield Finding(
                "error",
                "not_relative",
                key,
                worded(
                    "{key} must be a plain name below pu, such as token.oauth2; as it stands, "
                    "the secrets could be sent to another server.",
                    key=key,
                ),
                DOWNLOAD_AGAIN,
            )


def _tenant_id(file: FileValues) -> Iterator[Finding]:
    if not _TENANT.fullmatch(file.ti):
        yield Finding(
            "error",
            "bad_tenant",
            "ti",
            worded("The tenant id contains characters that no tenant id has."),
            DOWNLOAD_AGAIN,
        )


def _tenant_agrees(file: FileValues) -> Iterator[Finding]:
    named = {"ci": file.ci.partition("~")[0] if "~" in file.ci else None}
    if file.saak is not None and "#" in file.saak.reveal():
        named["saak"] = file.saak.reveal().partition("#")[0]
    match = re.search(r"/([^/]+)/as/?$", file.pu)
    if match:
        named["pu"] = match[1]
    for key, tenant in named.items():
        if tenant is not None and tenant != file.ti:
            yield Finding(
                "warning",
                "other_tenant",
                key,
                worded(
                    "{key} belongs to another tenant than ti ({tenant}): the file was put together "
                    "by hand, or two files were mixed.",
                    key=key,
                    tenant=file.ti,
                ),
                DOWNLOAD_AGAIN,
            )


def _identifiers(file: FileValues) -> Iterator[Finding]:
    values = {"ci": file.ci, "cs": file.cs.reveal()}
    for key, secret in (("saak", file.saak), ("sask", file.sask)):
        if secret is not None:
            values[key] = secret.reveal()
    for key, value in values.items():
        if not _HEADER_SAFE.fullmatch(value):
            yield Finding(
                "error",
                "bad_characters",
                key,
                worded(
                    "{key} contains blanks, line breaks or letters that no key of Infor has.",
                    key=key,
                ),
                DOWNLOAD_AGAIN,
            )


def _lengths(file: FileValues) -> Iterator[Finding]:
    checks = [
        ("ci", file.ci.partition("~")[2], _CLIENT_ID_SUFFIX),
        ("cs", file.cs.reveal(), _CLIENT_SECRET),
    ]
    if file.saak is not None:
        checks.append(("saak", file.saak.reveal().partition("#")[2], _SERVICE_KEY))
    if file.sask is not None:
        checks.append(("sask", file.sask.reveal(), _SERVICE_KEY))
    for key, value, lengths in checks:
        if len(value) not in lengths or not _SECRET_ALPHABET.fullmatch(value):
            yield Finding(
                "warning",
                "unusual_shape",
                key,
                worded(
                    "{key} does not have the length or the letters that Infor gives it; "
                    "it may have been cut when it was copied.",
                    key=key,
                ),
                DOWNLOAD_AGAIN,
            )


def _scopes(file: FileValues) -> Iterator[Finding]:
    if file.sc and file.v == "1.0":
        yield Finding(
            "info",
            "scopes_in_old_version",
            "sc",
            worded("The file lists scopes although its version is 1.0; they are sent."),
        )
    for scope in file.sc or ():
        if not re.fullmatch(r"[!#-\[\]-~]+", scope):
            yield Finding(
                "error",
                "bad_scope",
                "sc",
                worded(
                    "A scope contains blanks, quotes or letters that no scope has (RFC 6749 §3.3)."
                ),
                DOWNLOAD_AGAIN,
            )
            return
