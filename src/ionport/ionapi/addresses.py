"""Where a call may go: decided on the resolved address, which is then the one connected to.

An uploaded file names the hosts we connect to and send secrets to, so the name is resolved
once, every address is judged, and the connection is made to a judged address; TLS and the Host
header keep the name. A name that changes its address between check and use gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import AddressRefused, ConnectionFailed
from .findings import is_loopback_name, split_base_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

PRIVATE_REMEDY = (
    "If this server stands in your own network, let the operator allow private addresses "
    "(IONPORT_ALLOW_PRIVATE_ADDRESSES); otherwise check the address in the file."
)

# Never a server of Infor, and never reached whatever the policy allows.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "168.63.129.16/32",  # Azure's host agent
        "100.100.100.200/32",  # Alibaba's metadata service
        "192.0.0.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fd00:ec2::/32",  # Amazon's metadata service
        "fd20:ce::/32",  # Google's metadata service
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses may be reached.

    Public ones always. `allow_private` adds private networks (RFC 1918, RFC 4193, RFC 6598),
    `allow_loopback` this computer under its own names (`localhost`, 127.0.0.1, ::1), and
    `allow_loopback_http` plain http to it; http to anywhere else is never allowed. Link-local,
    multicast, unspecified and metadata addresses are always refused.
    """

    allow_private: bool = False
    allow_loopback: bool = True
    allow_loopback_http: bool = True

    def check_url(self, url: str) -> None:
        """Raise AddressRefused unless scheme and host of `url` are allowed before resolving."""
        # The query is not part of the decision, and search expressions hold any character.
        base = url.partition("?")[0]
        try:
            parts = split_base_url(base)
        except ValueError as reason:
            raise AddressRefused(f"The address {reason}.", code="bad_address") from None
        if parts.scheme == "http" and not self.allow_loopback_http:
            raise AddressRefused("The address uses http; only https is allowed.", code="plain_http")

    def admit(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Those of the resolved `addresses` of `host` that may be connected to, in their order.

        Raises AddressRefused when there is none.
        """
        loopback_name = is_loopback_name(host)
        admitted = [text for text in addresses if self._admits(text, loopback_name=loopback_name)]
        if not admitted:
            raise AddressRefused(
                f"{host} is at an address that may not be reached: a private, local or "
                "special one.",
                code="private_address",
                remedy=PRIVATE_REMEDY,
                detail=f"{host} resolved to {', '.join(addresses[:8])}",
            )
        return admitted

    def _admits(self, text: str, *, loopback_name: bool) -> bool:
        try:
            address = _effective(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if any(address in network for network in _NEVER if network.version == address.version):
            return False
        if address.is_loopback:
            # Another name for this computer is a private address like any other.
            return self.allow_loopback if loopback_name else self.allow_private
        if loopback_name:
            return False
        return self.allow_private or address.is_global


def _effective(address: Address) -> Address:
    """The IPv4 address that an IPv6 address of a transition mechanism leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is None and address.teredo is not None:
        embedded = address.teredo[1]
    if embedded is None and address in _NAT64:
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return embedded or address


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the operating system for the addresses of a name. Raises socket.gaierror."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(host: str, port: int, *, timeout: float, resolver: Resolver) -> list[str]:
    """The addresses of `host`, within `timeout` seconds. Raises ConnectionFailed (dns)."""
    try:
        return [str(ipaddress.ip_address(host.strip("[]")))]
    except ValueError:
        pass
    outcome: list[Sequence[str] | Exception] = []

    def ask() -> None:
        try:
            outcome.append(resolver(host, port))
        except Exception as error:  # noqa: BLE001 handed to the waiting thread
            outcome.append(error)

    # The system call has no time-out of its own; a daemon thread may be left behind.
    thread = threading.Thread(target=ask, name="ionapi-resolve", daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise _dns_failed(host, "The name server did not answer in time.")
    result = outcome[0]
    if isinstance(result, OSError | UnicodeError):
        raise _dns_failed(host, "The name is not known.", str(result)) from result
    if isinstance(result, Exception):
        raise result
    if not result:
        raise _dns_failed(host, "The name has no address.")
    return list(result)


def _dns_failed(host: str, why: str, detail: str = "") -> ConnectionFailed:
    return ConnectionFailed(
        f"The host {host} was not found. {why}",
        kind="dns",
        remedy="Check the address in the file, and this server's access to the internet.",
        detail=detail,
    )
