"""The client's network address: the peer of the connection, or what a trusted proxy reports."""

from functools import cache, lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
IPV6_SUBSCRIBER = 64  # one household or machine has all of such a network


def get_client_address(request: HttpRequest) -> str | None:
    """Return the client's address, None where the server does not know it (a Unix socket
    without proxy).

    X-Forwarded-For is read from its end, and only as far as each hop is one of
    TRUSTED_PROXIES: anybody can write the rest. A hop that is no address ends the walk."""
    peer = _parse_address(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while hops and _is_ours(peer):
        hop = _parse_address(hops.pop())
        if hop is None:
            break
        peer = hop
    return str(peer) if peer else None


def network_of(address: str | None) -> str:
    """Return the key of a network for limits: an IPv4 address, an IPv6 /64, or "unknown"."""
    parsed = _parse_address(address or "")
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_SUBSCRIBER), strict=False))
    return str(parsed or "unknown")


def client_is_in(request: HttpRequest, networks: list[str]) -> bool:
    """Return whether the client's address lies in one of the networks; a Unix socket's
    other end is on this machine.
    """
    parsed = _parse_address(get_client_address(request) or "127.0.0.1")
    return any(parsed in ip_network(text, strict=False) for text in networks)


@lru_cache(maxsize=4096)  # each request asks twice
def _parse_address(text: str) -> Address | None:
    try:
        parsed = ip_address(text.strip())
    except ValueError:
        return None
    return (
        (parsed.ipv4_mapped or parsed)
        if isinstance(parsed, IPv6Address)
        else parsed
    )


def _is_ours(peer: Address | None) -> bool:
    trusted = _parse_networks(tuple(settings.TRUSTED_PROXIES))
    if (
        peer is None
    ):  # a Unix socket: only a proxy on this machine can hold its other end
        return bool(trusted)
    return any(peer in network for network in trusted)


@cache
def _parse_networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in trusted)
