"""Which address a request comes from, where reverse proxies stand in front of the server.

A proxy writes down whom it talks to in `X-Forwarded-For` or `Forwarded` (RFC 7239), at the right
end of what came before; a client can write there what it likes. So nothing of it is believed unless
the peer is a proxy that the operator has named, and then only back to the first address that is no
such proxy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# No installation has more proxies in a row than this.
MAX_HOPS: Final = 20
# One customer's network of IPv6 (RFC 6177): its addresses count as one.
_IPV6_PREFIX: Final = 64
_WITH_PORT: Final = re.compile(r"\[([^\]]+)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?")
_FOR: Final = re.compile(r'(?:^|;)\s*for=(?:"([^"]*)"|([^";,\s]*))\s*(?=;|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose headers about their client are believed."""

    networks: tuple[_Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> TrustedProxies:
        """Read addresses and networks (`10.0.0.2, 10.1.0.0/16, fd00::/8`), apart by commas.

        Raises:
            InvalidInput: something in it is neither, or it names every address there is.
        """
        networks: list[_Network] = []
        for part in re.split(r"[\s,]+", text.strip(" ,\t\n")):
            if not part:
                continue
            try:
                network = ipaddress.ip_network(part)
            except ValueError as error:
                raise InvalidInput(
                    _("{part} is no address or network of a proxy: {reason}").format(
                        part=part, reason=error
                    )
                ) from error
            if network.prefixlen == 0:
                raise InvalidInput(
                    _(
                        "{part} would let every client choose its address. Name your proxies."
                    ).format(part=part)
                )
            networks.append(network)
        return cls(tuple(networks))

    def __bool__(self) -> bool:
        return bool(self.networks)

    def client_of(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return the address of the client behind `peer`, which is the client itself if untrusted.

        Where both headers are there and differ, one of them is not the proxy's: then neither is
        believed, and the proxy's own address is returned.
        """
        if not self._trusts(_read(peer)):
            return peer
        lines: dict[bytes, list[str]] = {b"x-forwarded-for": [], b"forwarded": []}
        for name, value in headers:
            if name in lines:
                lines[name].append(value.decode("latin-1"))
        found = {
            self._first_untrusted(peer, hops)
            for hops in (_hops(lines[b"x-forwarded-for"]), _forwarded_hops(lines[b"forwarded"]))
            if hops
        }
        return found.pop() if len(found) == 1 else peer

    def _first_untrusted(self, peer: str, hops: Sequence[str]) -> str:
        client = peer
        for hop in reversed(hops[-MAX_HOPS:]):
            address = _read(hop)
            if address is None:
                # "unknown", a made-up name (RFC 7239 §6), or nonsense: it is no address to count
                # by.
                return client
            client = str(address)
            if not self._trusts(address):
                return client
        return client

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(
            address in network for network in self.networks if network.version == address.version
        )


def counted_address(address: str) -> str:
    """Return what stands for `address` where attempts are counted: its /64 for IPv6."""
    read = _read(address)
    if isinstance(read, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((read, _IPV6_PREFIX), strict=False))
    return address if read is None else str(read)


def _hops(lines: Iterable[str]) -> list[str]:
    return [hop for line in lines for hop in line.split(",")]


def _forwarded_hops(lines: Iterable[str]) -> list[str]:
    """Return the `for` of each element, empty for an element without one (RFC 7239 §4)."""
    hops = []
    for line in lines:
        for element in line.split(","):
            match = _FOR.search(element)
            hops.append((match[1] or match[2] or "") if match else "")
    return hops


def _read(text: str) -> _Address | None:
    """Return an address, which may have a port; an IPv4 address in an IPv6 one counts as itself."""
    plain = text.strip()
    if match := _WITH_PORT.fullmatch(plain):
        plain = match[1] or match[2]
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
