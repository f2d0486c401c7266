"""Words about APIs that several checks use."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor.api import Ref
from jhubdoctor_checks.data import apis
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.facts.api_uses import Use


def history(api: apis.Api, surface: Surface) -> str:
    """When an API ends or ended, and what takes its place on this server."""
    instead = api.replacement_in(surface.minor) if surface.minor is not None else api.replacement
    place = f", replaced by {instead}" if instead else ", with nothing in its place"
    gone = surface.minor is not None and api.removed is not None and surface.minor >= api.removed
    return f"{surface}; {api} {'was removed' if gone else 'ends'} in 1.{api.removed}{place}"


def objects(uses: Iterable[Use]) -> tuple[Ref, ...]:
    """The objects of these uses, each once; the APIs that they are of are not a part of their identity."""
    return tuple({u.on.key: u.on for u in sorted(uses, key=lambda u: (u.on.key, u.on.api_version))}.values())


def by_api(uses: Iterable[Use]) -> dict[apis.Api, list[Use]]:
    """Uses of each API, in a stable order."""
    found: dict[apis.Api, list[Use]] = {}
    for u in sorted(uses, key=lambda u: (u.api.removed or 0, str(u.api), u.source, u.on.key)):
        found.setdefault(u.api, []).append(u)
    return found
