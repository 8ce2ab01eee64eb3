"""Which addresses the shop may call when somebody else has named them."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

IpAddress = IPv4Address | IPv6Address
# Networks in whose addresses an IPv4 address is hidden. Source: RFC 6052, RFC 3056, RFC 4380.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS: Final = (
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)


class AddressRefused(Exception):
    """The shop does not call this address; the text says why."""


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL that may be called, as far as its text tells.

    Plain http is for hosts in OUTBOUND_NETWORKS, which is empty in production.

    Raises:
        AddressRefused: it is not https, has no host, or carries a name or password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise AddressRefused("This is not an address.") from exc
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise AddressRefused(
            "The address must begin with https:// and a host name."
        )
    if parts.scheme == "http" and not settings.OUTBOUND_NETWORKS:
        raise AddressRefused("The address must begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("The address must not carry a name or a password.")
    return parts


def resolve_public(host: str, port: int, *, scheme: str = "https") -> list[str]:
    """Return the addresses of a host, all of which may be called. Asks the name server.

    Whoever calls one of these, and does not ask for the name again, cannot be led elsewhere.

    Raises:
        AddressRefused: the name is unknown, or one of its addresses is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise AddressRefused(f"The name {host[:100]} is not known.") from exc
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not _may_call(address, scheme):
            raise AddressRefused(
                f"The address of {host[:100]} is not a public one."
            )
    return addresses


def _may_call(address: IpAddress, scheme: str) -> bool:
    opened = any(
        address in ipaddress.ip_network(network)
        for network in settings.OUTBOUND_NETWORKS
    )
    return opened or (scheme == "https" and is_public(address))


def is_public(address: IpAddress) -> bool:
    """Return whether an address is one of the public internet's, also where IPv6 hides an IPv4
    address. Source: the IANA registries of special-purpose addresses, which Python follows.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if any(address in network for network in _TUNNELS):
            return False
    return (
        address.is_global and not address.is_multicast and not address.is_reserved
    )
