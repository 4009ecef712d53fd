"""Where a target may stand (DESIGN.md, decision 12): https, or http on this computer only.

The name is judged before a call, each resolved address when a connection is made, and the
connection goes to a judged address: a name that changes its address in between gains nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ionport.core.i18n import _

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL: Final = 2000
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}

# Nobody's API, whatever the setting: unspecified, link-local with the clouds' metadata services,
# multicast and reserved.
_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fd00:ec2::/32",
        "fd20:ce::/32",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """Which targets may be reached: public ones, this computer under its own names, and, with
    `allow_private`, private networks (RFC 1918, RFC 4193, RFC 6598).
    """

    allow_private: bool = False

    def wrong_url(self, url: str) -> str | None:
        """Return why `url` cannot be a target; None when it may be. Resolves nothing."""
        parts = _split(url)
        if parts is None:
            return _("Enter an address such as https://host/path, without blanks.")
        host = (parts.hostname or "").lower()
        if parts.username is not None or parts.password is not None:
            return _("Leave user and password out of the address.")
        if parts.query or parts.fragment or "?" in url or "#" in url:
            return _("Leave out what follows ? or #; clients send their own query.")
        if has_dot_segments(parts.path):
            return _("Leave out the steps . and .. in the path.")
        if parts.scheme == "http" and host not in _LOOPBACK_NAMES:
            return _("Use https; plain http is for this computer (localhost) only.")
        literal = _literal(host)
        if literal is not None and not self._admits(literal, is_own=host in _LOOPBACK_NAMES):
            return private_text()
        return None

    def admits(self, host: str, addresses: Iterable[str]) -> bool:
        """Tell whether all addresses that `host` has been resolved to may be connected to."""
        is_own = host.lower().strip("[]") in _LOOPBACK_NAMES
        literals = [_literal(address.partition("%")[0]) for address in addresses]
        return bool(literals) and all(
            literal is not None and self._admits(literal, is_own=is_own) for literal in literals
        )

    def _admits(self, address: _Address, *, is_own: bool) -> bool:
        address = _effective(address)
        if any(address in network for network in _NEVER if network.version == address.version):
            return False
        if address.is_loopback:
            # Under any other name this computer is a private address like others.
            return is_own or self.allow_private
        return not is_own and (self.allow_private or address.is_global)


def private_text() -> str:
    """Return the public text for an address that the policy refuses."""
    return _(
        "The address is private or special. If the target stands in your own network, let the"
        " operator allow private addresses (IONPORT_ALLOW_PRIVATE_ADDRESSES)."
    )


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a checked URL: who gets to see what is sent there."""
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
    is_web = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and port != 0
    return parts if is_web else None


def _literal(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _effective(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address of a transition mechanism leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is None and address.teredo is not None:
        embedded = address.teredo[1]
    if embedded is None and address in _NAT64:
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return embedded or address
