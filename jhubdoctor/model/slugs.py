"""Names of users as KubeSpawner writes them into names of pods and claims."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable


def slugs(user: str) -> tuple[str, ...]:
    """What the names of a user's pod and claim may hold: KubeSpawner's escaped slug, and the safe one of 7.0.

    Source: kubespawner/slugs.py (safe: `name---8 hex digits of its SHA-256`) and escapism (`-40` for `@`).
    """
    escaped = "".join(
        c if c in "abcdefghijklmnopqrstuvwxyz0123456789" else "".join(f"-{b:02x}" for b in c.encode()) for c in user
    )
    found = [user, escaped.lower()]
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,46}[a-z0-9])?", user) or "--" in user:
        found.append("---" + hashlib.sha256(user.encode()).hexdigest()[:8])
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
