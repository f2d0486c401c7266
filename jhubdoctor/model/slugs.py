"""Names of users as KubeSpawner writes them into names of pods and claims.

Source: kubespawner/slugs.py and `_expand_user_properties` of 6.2 and 7.1; tests/fixtures/names.yaml has what both made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

# Of a name in a template; a name that is longer, or no DNS label, gets a hash.
_LONGEST = 48
_HASH = 8
_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_FIELD = re.compile(r"\{(\w+)\}")


def _digest(name: bytes) -> str:
    return "---" + hashlib.sha256(name).hexdigest()[:_HASH]


def _is_safe(name: str) -> bool:
    return "--" not in name and len(name) <= _LONGEST and _LABEL.fullmatch(name) is not None


def _readable(name: str, longest: int) -> str:
    """What of a name can stand before its hash: a DNS label of at most so many characters."""
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).lstrip("-")[:longest].rstrip("-")
    if found and not "a" <= found[0] <= "z":
        found = "x-" + found[: longest - 2]
    return found or "x"


def _safe(name: str) -> str:
    """A name in the scheme `safe`: as it is where it can be, else readable with a hash."""
    return name if _is_safe(name) else _readable(name, _LONGEST - _HASH - 3) + _digest(name.encode())


def _safe_pair(user: str, server: str) -> str:
    """A user and a server in the scheme `safe`, with one hash for both where the two would be too long."""
    parts = [_safe(user), _safe(server) if server else ""]
    if sum(map(len, parts)) + 2 <= _LONGEST:
        return "--".join(p for p in parts if p)
    each = (_LONGEST - _HASH - 1) // 2 - 2
    return "--".join(_readable(name, each) for name in (user, server)) + _digest(
        b"\xff".join((user.encode(), server.encode()))
    )


def escaped(name: str) -> str:
    """A name in the scheme `escape`, the only one before KubeSpawner 7: `has-hyphen` as `has-2dhyphen`."""
    return "".join(
        c if c in "abcdefghijklmnopqrstuvwxyz0123456789" else "".join(f"-{b:02x}" for b in c.encode()) for c in name
    )


def expanded(template: str, user: str, server: str, scheme: str) -> str | None:
    """The name that KubeSpawner makes of a template; None where it holds a field whose value only the hub knows."""
    safe = {
        "username": _safe(user),
        "servername": _safe(server) if server else "",
        "user_server": _safe_pair(user, server),
    }
    escape = {"username": escaped(user), "servername": escaped(server)}
    escape["user_server"] = "--".join(p for p in escape.values() if p)
    fields = {
        "unescaped_username": user,
        "unescaped_servername": server,
        **(safe if scheme == "safe" else escape),
        **{f"safe_{k}": v for k, v in safe.items()},
        **{f"escaped_{k}": v for k, v in escape.items()},
    }
    if not set(_FIELD.findall(template)) <= set(fields) or re.search("[{}]", _FIELD.sub("", template)):
        return None
    name = _FIELD.sub(lambda m: fields[m[1]], template)
    # what an empty server name leaves at the end
    return name if template.endswith("-") else name.rstrip("-")


def slugs(user: str) -> tuple[str, ...]:
    """What the names of a user's pod and claim may hold: KubeSpawner's escaped slug, and the safe one of 7.0."""
    found = [user, escaped(user)]
    if not _is_safe(user):
        found.append(_digest(user.encode()))
    return tuple(dict.fromkeys(found))


def pod_of(user: str, pods: Iterable[str]) -> str:
    """The pod of a user among these names, empty where none is: names are made of a slug of the user's name."""
    known = list(pods)
    wanted = slugs(user)
    for slug in wanted:
        if f"jupyter-{slug}" in known:
            return f"jupyter-{slug}"
    for p in reversed(known):
        for slug in wanted:
            s = re.escape(slug)
            if slug.startswith("---"):
                shape = rf".{s}(?:--.*)?$"
            elif p.startswith("jupyter-"):
                # a named server: `jupyter-ada--gpu`, never `jupyter-not-ada`
                shape = rf"^jupyter-{s}--[^-]"
            else:
                # a template of one's own
                shape = rf"(?:^|-){s}(?:-|$)"
            if re.search(shape, p):
                return p
    return ""
