"""The few fields of an X.509 certificate that checks use: how long it lasts, for which hosts, who issued it.

Its DER is read by hand (RFC 5280, X.690), because the standard library parses certificates only from a connection, and
a library for cryptography is too much to ask for two dates and some names. What cannot be read gives no certificate.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jhubdoctor.api import clean
from jhubdoctor_checks.facts.network import ACME_KEY

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_COMMON_NAME, _ORGANIZATION, _ALTERNATIVE_NAMES = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"
_UTC_TIME, _GENERALIZED_TIME, _DNS_NAME = 0x17, 0x18, 0x82
_LEFT_OUT_VERSION, _EXTENSIONS = 0xA0, 0xA3


@dataclass(frozen=True)
class Certificate:
    """One certificate."""

    not_before: datetime
    not_after: datetime
    hosts: tuple[str, ...] = ()
    issuer: str = ""

    @property
    def lifetime(self) -> timedelta:
        """For how long it was issued."""
        return self.not_after - self.not_before

    def covers(self, host: str) -> bool:
        """Whether it is for this host; a wildcard stands for one label (RFC 6125)."""
        host = host.lower().rstrip(".")
        wild = f"*.{host.partition('.')[2]}"
        return any(h.lower().rstrip(".") in {host, wild} for h in self.hosts)


def first(encoded: str) -> Certificate | None:
    """The first certificate of a Secret's value (base64 of PEM): the server's own. None where there is none to read."""
    return next(iter(all_of(encoded)), None)


def all_of(encoded: str) -> list[Certificate]:
    """All certificates of a Secret's value that can be read, in order."""
    try:
        pem = base64.b64decode(encoded)
    except (binascii.Error, ValueError):
        return []
    found = []
    for block in _PEM.findall(pem):
        try:
            found.append(_certificate(base64.b64decode(block)))
        except (ValueError, IndexError, OverflowError):
            continue
    return found


def leaves(encoded: str, key: str) -> list[Certificate]:
    """Those that browsers get to see of a Secret's value: acme.json holds chains, whose leaves name hosts."""
    if key != ACME_KEY:
        return [leaf for leaf in (first(encoded),) if leaf]
    own = all_of(encoded)
    return [x for x in own if x.hosts] or own


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tag and the content of each element, one after the other."""
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + size > len(data):
            raise ValueError("an element is cut off")
        yield tag, data[at : at + size]
        at += size


def _certificate(der: bytes) -> Certificate:
    [(_, outer)] = _parts(der)
    fields = list(_parts(next(_parts(outer))[1]))
    if fields[0][0] == _LEFT_OUT_VERSION:
        fields = fields[1:]
    # serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions
    before, after = (_time(tag, text) for tag, text in _parts(fields[3][1]))
    names = _names(fields[4][1])
    hosts = next((_alternatives(content) for tag, content in fields[6:] if tag == _EXTENSIONS), ())
    issuer = _names(fields[2][1])
    return Certificate(
        before,
        after,
        hosts or tuple(filter(None, (names.get(_COMMON_NAME, ""),))),
        issuer.get(_ORGANIZATION) or issuer.get(_COMMON_NAME, ""),
    )


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        # two digits: 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _names(content: bytes) -> dict[bytes, str]:
    found = {}
    for _, group in _parts(content):
        for _, pair in _parts(group):
            (_, kind), (_, value) = list(_parts(pair))[:2]
            found[kind] = clean(value.decode("utf-8", "replace"), 80)
    return found


def _alternatives(content: bytes) -> tuple[str, ...]:
    for _, extensions in _parts(content):
        for _, extension in _parts(extensions):
            items = list(_parts(extension))
            if items and items[0][1] == _ALTERNATIVE_NAMES:
                names = _parts(next(_parts(items[-1][1]))[1])
                return tuple(clean(n.decode("ascii", "replace"), 253) for tag, n in names if tag == _DNS_NAME)
    return ()
