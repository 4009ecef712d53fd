"""Which URLs may be a target's address; `AddressPolicy` decides which hosts may be called."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from ionport.core.i18n import _
from ionport.ionapi.addresses import (
    PUBLIC_ONLY,
    AddressPolicy,
    AddressRefused,
    is_host,
    is_loopback_name,
)

__all__ = [
    "PUBLIC_ONLY",
    "AddressPolicy",
    "AddressRefused",
    "has_dot_segments",
    "origin_of",
    "refused_text",
    "wrong_url",
]
MAX_URL: Final = 2000
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def wrong_url(policy: AddressPolicy, url: str) -> str | None:
    """Return why `url` cannot be a target; None when it may be. Resolves nothing."""
    parts = _split(url)
    if parts is None:
        return _("Enter an address such as https://host/path, without blanks.")
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        return _("Leave user and password out of the address.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return _("Leave out what follows ? or #; clients send their own query.")
    if has_dot_segments(parts.path):
        return _("Leave out the steps . and .. in the path.")
    if parts.scheme == "http" and not is_loopback_name(host):
        return _("Use https; plain http is for this computer (localhost) only.")
    try:
        policy.check_host(host)
    except AddressRefused as refusal:
        return refused_text(refusal)
    return None


def refused_text(refusal: AddressRefused) -> str:
    """Return the public text for an address that the policy refuses."""
    if refusal.code == "loopback_address":
        return _(
            "The address is the computer that ionport runs on. Let the operator allow such"
            " addresses (IONPORT_ALLOW_LOOPBACK_ADDRESSES), or enter another one."
        )
    return _(
        "The address is private or special. If the target stands in your own network, let the"
        " operator allow private addresses (IONPORT_ALLOW_PRIVATE_ADDRESSES)."
    )


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a checked URL: the receiver of what is sent there."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS[parts.scheme]


def has_dot_segments(path: str) -> bool:
    """Tell whether a server might step up in `path`, however its dots and slashes are written."""
    plain = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/")
    steps = plain.replace("\\", "/").split("/")
    return any(step.partition(";")[0] in (".", "..") for step in steps)


def _split(url: str) -> SplitResult | None:
    """Return the parts of an http or https URL; None for anything else."""
    if len(url) > MAX_URL or not url.isascii() or any(x <= " " or x in '"<>\\^`{|}' for x in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    is_web = parts.scheme in _DEFAULT_PORTS and is_host(parts.hostname or "") and port != 0
    return parts if is_web else None
