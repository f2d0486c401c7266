"""Amounts of resources: as numbers, and as people write them."""

from __future__ import annotations

import functools
import math
import re
from decimal import Decimal, InvalidOperation

_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
MOST = Decimal(10) ** 24
_QUANTITY = re.compile(r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)([KMGTPE]i|[numkMGTPE]?)")


def quantity(raw: object) -> Decimal | None:
    """A resource quantity (`250m`, `1Gi`, `2e3`) in base units; None where it is none.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. The kubernetes package
    has the same function, but costs most of a second to import.
    """
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return None
    try:
        return _amount(str(raw).strip())
    except ValueError:  # an int of thousands of digits has no text
        return None


@functools.lru_cache(maxsize=4096)
def _amount(text: str) -> Decimal | None:
    """Thousands of nodes of one kind say the same."""
    try:
        found = _QUANTITY.fullmatch(text)
        amount = Decimal(found[1]) * _SUFFIX[found[2]] if found else None
    except (InvalidOperation, ValueError):
        return None
    # the API itself counts to 2 ** 63
    return amount if amount is not None and abs(amount) < MOST else None


def spawner_bytes(value: object) -> Decimal | None:
    """An amount of memory as JupyterHub's ByteSpecification takes it, in bytes; None where it does not.

    That is a number, or the text of one with K, M, G or T, which count 1024. Source: jupyterhub/traitlets.py, unchanged
    since JupyterHub 0.7.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return Decimal(str(value)) if math.isfinite(value) else None
    if not isinstance(value, str) or value[-1:] not in {*"KMGT"}:
        return None
    try:
        number = float(value[:-1])
    except ValueError:
        return None
    return Decimal(str(number)) * _SUFFIX[f"{value[-1]}i"] if math.isfinite(number) else None


def human_bytes(value: Decimal | int) -> str:
    """A number of bytes as people write it: `1.5Gi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        size = _SUFFIX[unit]
        if value >= size:
            return f"{(Decimal(value) / size).quantize(Decimal('0.1')).normalize():f}{unit}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def human(resource: str, value: Decimal) -> str:
    """An amount of a resource as people write it: memory and storage in Gi, cpu with `m` below one core."""
    if resource.endswith(("memory", "storage")) or resource.startswith("hugepages"):
        return human_bytes(value)
    if resource.endswith("cpu") and value != value.to_integral_value():
        return f"{(value * 1000).to_integral_value()}m"
    return f"{value.normalize():f}"
