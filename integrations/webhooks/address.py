"""Where messages may be sent: public addresses over HTTPS, and networks the operator allowed.

A subscriber's URL must not make this service knock at doors inside the house (server-side request
forgery). So the name is resolved here, every address it has is judged, and the caller connects
to the address that was judged, not to the name again.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

MOST_URL_CHARS = 2000
_TRANSLATED = ip_network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address


class Unfit(Exception):
    """A URL that nothing is sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to, at the ``address`` to connect to."""

    url: SplitResult
    host: str
    port: int
    address: str


def networks(text: str) -> tuple[Network, ...]:
    """Networks by a comma-separated list (``127.0.0.0/8, 10.1.0.0/16``). Errors: ``ValueError``."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Errors: ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]).partition("%")[0] for one in found]


def target(url: str, allowed: Sequence[Network], resolve: Resolve = resolved) -> Target:
    """Where a URL leads, if it may be sent to.

    Errors: ``Unfit``: no HTTPS (plain HTTP only to loopback, where that is allowed), a user name
    in it, a name that is not found, or any address that is neither public nor ``allowed``.
    """
    parts, port = _parts(url)
    host = parts.hostname or ""
    try:
        found = [ip_address(text) for text in resolve(host, port)]
    except (OSError, UnicodeError) as error:
        raise Unfit(f"{host[:200]} is not found: {error}.") from error
    if not found:
        raise Unfit(f"{host[:200]} has no address.")
    for address in found:
        _judge(address, parts.scheme, allowed)
    return Target(parts, host, port, str(found[0]))


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Unfit(f"This is no URL: {error}.") from error
    if len(url) > MOST_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise Unfit(f"A URL is at most {MOST_URL_CHARS} printable ASCII characters.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unfit("A URL starts with https:// and names a host.")
    if parts.username is not None or parts.fragment:
        raise Unfit("A URL carries neither a user name nor a fragment.")
    return parts, port


def _judge(address: Address, scheme: str, allowed: Sequence[Network]) -> None:
    inner = _inside(address)
    inside = any(inner in network for network in allowed if network.version == inner.version)
    if scheme == "http" and not (inside and inner.is_loopback):
        raise Unfit("Plain HTTP is not sent over a network: give an https:// address.")
    if not inside and (not inner.is_global or inner.is_multicast):
        raise Unfit(
            f"{address} is not a public address; the operator can allow its network"
            " (TRIAGE_WEBHOOK_NETWORKS)."
        )


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
