"""Which addresses may be called: decided on the resolved address, which is then connected to.

An uploaded file or a form names the hosts we connect to and send secrets to, so the name is
resolved once, every address is checked, and the connection is made to a checked address; TLS and
the Host header keep the name. A name that changes its address between check and use gains nothing.

This is the one policy of the whole program; it imports nothing that needs a network library.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from .errors import AddressRefused, ConnectionFailed
from .wording import joined, worded

__all__ = [
    "LOOPBACK_REMEDY",
    "PRIVATE_REMEDY",
    "PUBLIC_ONLY",
    "Address",
    "AddressPolicy",
    "AddressRefused",
    "Resolver",
    "address_meant",
    "is_host",
    "is_loopback_name",
    "resolve",
    "split_base_url",
    "system_resolver",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

PRIVATE_REMEDY = worded(
    "If this server stands in your own network, private addresses must be allowed: by the client's "
    "AddressPolicy, or by IONPORT_ALLOW_PRIVATE_ADDRESSES of the server that runs ionport. "
    "Otherwise check the address in the file."
)
LOOPBACK_REMEDY = worded(
    "Addresses of the computer that ionport runs on are allowed when its public address is one "
    "of them, or when they are allowed: by the client's AddressPolicy, or by "
    "IONPORT_ALLOW_LOOPBACK_ADDRESSES of the server that runs ionport."
)

# Never a server of Infor, and refused by every policy.
_NEVER: tuple[Network, ...] = tuple(
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
        "100::/64",  # discard only (RFC 6666)
        "fd00:ec2::/32",  # Amazon's metadata service
        "fd20:ce::/32",  # Google's metadata service
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
# IPv6 blocks whose last 32 bits are an IPv4 address: IPv4-mapped and IPv4-compatible (RFC 4291
# §2.5.5), SIIT (RFC 2765 §2.1), NAT64 (RFC 6052 §2.1).
_IPV4_AT_THE_END = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215
# Not on the public internet, though Python's tables of some versions say so.
_NOT_PUBLIC: tuple[Network, ...] = (
    _LOCAL_NAT64,
    ipaddress.IPv6Network("3fff::/20"),  # documentation (RFC 9637)
    ipaddress.IPv6Network("5f00::/16"),  # segment routing (RFC 9602)
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1
# RFC 3490 §3.1: what separates labels beside the full stop.
_FULL_STOPS = re.compile("[\u3002\uff0e\uff61]")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
_URL_CHARACTERS = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses may be reached.

    Public ones always. `allow_private` adds private networks (RFC 1918, RFC 4193, RFC 6598),
    `allow_loopback` this computer under its own names (`localhost`, 127.0.0.1, ::1), by https or
    plain http; under another name this computer needs both. Plain http to anywhere else is never
    allowed. Link-local, multicast, unspecified and metadata addresses are always refused.
    """

    allow_private: bool = False
    allow_loopback: bool = True

    def check_url(self, url: str) -> None:
        """Raise AddressRefused unless scheme and host of `url` are allowed before resolving."""
        # The query is not part of the decision, and search expressions hold any character.
        base = url.partition("?")[0]
        try:
            parts = split_base_url(base)
        except ValueError as reason:
            wrong = worded("The address {reason}.", reason=reason.args[0])
            raise AddressRefused(wrong, code="bad_address") from None
        self.check_host(parts.hostname or "")

    def check_host(self, host: str) -> None:
        """Raise AddressRefused when `host` is refused wherever its name may lead."""
        literal = address_meant(host)
        if literal is not None:
            self.admit(host, [str(literal)])
        elif is_loopback_name(host) and not self.allow_loopback:
            raise _refused(host, [], is_loopback=True)

    def admit(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Those of the resolved `addresses` of `host` that may be connected to, in their order.

        Raises AddressRefused when there is none.
        """
        own_name = is_loopback_name(host)
        admitted = [text for text in addresses if self._admits(text, own_name=own_name)]
        if not admitted:
            raise _refused(host, addresses, is_loopback=any(map(_leads_to_loopback, addresses)))
        return admitted

    def _admits(self, text: str, *, own_name: bool) -> bool:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        meanings = list(_meanings(address))
        if any(_is_in(meaning, _NEVER) for meaning in meanings):
            return False
        if any(meaning.is_loopback for meaning in meanings):
            # Under another name this computer is a private address as well.
            return self.allow_loopback and (own_name or self.allow_private)
        if own_name:
            return False
        return self.allow_private or all(
            meaning.is_global and not _is_in(meaning, _NOT_PUBLIC) for meaning in meanings
        )


# The policy of a service that was given none.
PUBLIC_ONLY = AddressPolicy(allow_private=False, allow_loopback=False)


def is_loopback_name(host: str) -> bool:
    """Whether `host` is `localhost`, a name under it, or means a loopback address."""
    literal = address_meant(host)
    if literal is not None:
        return any(meaning.is_loopback for meaning in _meanings(literal))
    name = _plain(host).rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def address_meant(host: str) -> Address | None:
    """The address that `host` is, in any form that a resolver or URL parser takes for one.

    Full-width digits and stops (NFKC, IDNA), IPv4 in parts that are decimal, octal or hexadecimal
    (`127.1`, `0x7f000001`, as inet_aton and https://url.spec.whatwg.org/#concept-ipv4-parser
    read them), IPv6 with or without brackets and zone. None for a name.
    """
    text = _plain(host).removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return _ipv4_in_parts(text.removesuffix("."))


def split_base_url(url: str) -> SplitResult:
    """A base URL taken apart. Raises ValueError with a reason fit for the user."""
    if not _URL_CHARACTERS.fullmatch(url):
        raise ValueError(worded("contains characters that do not belong into an address"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(worded("has an impossible host or port")) from error
    if parts.scheme not in {"https", "http"}:
        raise ValueError(worded("does not start with https://"))
    if not parts.hostname:
        raise ValueError(worded("names no host"))
    if "@" in parts.netloc:
        raise ValueError(worded("contains a user name before the host"))
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError(worded("contains a query or a fragment"))
    if port == 0 or not is_host(parts.hostname):
        raise ValueError(worded("has an impossible host or port"))
    if parts.scheme == "http" and not is_loopback_name(parts.hostname):
        raise ValueError(worded("uses http, which is allowed for this computer (loopback) only"))
    return parts


def is_host(host: str) -> bool:
    """Whether `host` (of a URL, in lower case) can be a name or is an address; no zone."""
    if ":" not in host:
        return _HOST_NAME.fullmatch(host) is not None
    return "%" not in host and address_meant(host) is not None


def _plain(host: str) -> str:
    return _FULL_STOPS.sub(".", unicodedata.normalize("NFKC", host)).strip().lower()


def _ipv4_in_parts(text: str) -> ipaddress.IPv4Address | None:
    parts = text.split(".")
    if len(parts) > 4:
        return None
    numbers = [_number(part) for part in parts]
    value = 0
    for number in numbers[:-1]:
        if number is None or number > 255:
            return None
        value = value << 8 | number
    rest = 8 * (5 - len(parts))
    last = numbers[-1]
    if last is None or last >= 1 << rest:
        return None
    return ipaddress.IPv4Address(value << rest | last)


def _number(part: str) -> int | None:
    """A part of an IPv4 address: 0x before hexadecimal digits, 0 before octal ones."""
    if not part.isascii() or len(part) > 40:
        return None
    if part.startswith("0x"):
        digits, base, alphabet = part[2:] or "0", 16, "0123456789abcdef"
    elif part.startswith("0") and len(part) > 1:
        digits, base, alphabet = part[1:], 8, "01234567"
    else:
        digits, base, alphabet = part, 10, "0123456789"
    return int(digits, base) if digits and not set(digits) - set(alphabet) else None


def _meanings(address: Address) -> Iterator[Address]:
    """Every address that a packet to `address` may be carried to by a transition mechanism."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    value = int(address)
    if value <= 1:
        yield address  # unspecified and loopback
        return
    if any(address in network for network in _IPV4_AT_THE_END):
        yield ipaddress.IPv4Address(value & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield address.teredo[1]
    else:
        yield address
        if address in _LOCAL_NAT64:
            yield from _local_nat64(value)
        if value >> 32 & 0xFFFFFFFF in _ISATAP:
            yield ipaddress.IPv4Address(value & 0xFFFFFFFF)


def _local_nat64(value: int) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that a translator of RFC 8215 may read; its operator chose the prefix.

    One stands behind a prefix of 48, 56 or 64 bits, around the octet of zeros in bits 64 to 71,
    when the rest is zero (RFC 6052 §2.2), otherwise in the last 32 bits.
    """
    joined = value >> 64 << 56 | value & (1 << 56) - 1
    found = []
    for prefix in (48, 56, 64):
        after = 120 - prefix - 32
        read = joined >> after & 0xFFFFFFFF
        # Nothing is at 0.0.0.0/8: there a longer prefix has read zeros of a shorter one.
        if value >> 56 & 0xFF == 0 and joined & (1 << after) - 1 == 0 and read >> 24:
            found.append(ipaddress.IPv4Address(read))
    yield from found or [ipaddress.IPv4Address(value & 0xFFFFFFFF)]


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _leads_to_loopback(text: str) -> bool:
    literal = address_meant(text)
    return literal is not None and any(meaning.is_loopback for meaning in _meanings(literal))


def _refused(host: str, addresses: Sequence[str], *, is_loopback: bool) -> AddressRefused:
    if is_loopback:
        return AddressRefused(
            worded(
                "{host} is the computer that ionport runs on, which may not be reached.", host=host
            ),
            code="loopback_address",
            remedy=LOOPBACK_REMEDY,
            detail=f"{host} resolved to {', '.join(addresses[:8])}",
        )
    return AddressRefused(
        worded(
            "{host} is at an address that may not be reached: a private, local or special one.",
            host=host,
        ),
        code="private_address",
        remedy=PRIVATE_REMEDY,
        detail=f"{host} resolved to {', '.join(addresses[:8])}",
    )


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the operating system for the addresses of a name. Raises socket.gaierror."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(host: str, port: int, *, timeout: float, resolver: Resolver) -> list[str]:
    """The addresses of `host`, within `timeout` seconds. Raises ConnectionFailed (dns)."""
    literal = address_meant(host)
    if literal is not None:
        return [str(literal)]
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
        raise _dns_failed(host, worded("The name server did not answer in time."))
    result = outcome[0]
    if isinstance(result, OSError | UnicodeError):
        raise _dns_failed(host, worded("The name is not known."), str(result)) from result
    if isinstance(result, Exception):
        raise result
    if not result:
        raise _dns_failed(host, worded("The name has no address."))
    return list(result)


def _dns_failed(host: str, why: str, detail: str = "") -> ConnectionFailed:
    return ConnectionFailed(
        joined(worded("The host {host} was not found.", host=host), why),
        kind="dns",
        remedy=worded("Check the address in the file, and this server's access to the internet."),
        detail=detail,
    )
