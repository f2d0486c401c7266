"""Commands where their objects are: users' servers may lie in namespaces of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jhubdoctor.model.finding import Ref


def placed(commands: Iterable[str], here: str, refs: Iterable[Ref]) -> Iterator[str]:
    """The commands, each that names some of these objects in the namespace where they lie, and not in the hub's.

    One that names objects of several namespaces becomes one for each.
    """
    of: dict[str, str] = {}
    for ref in refs:
        # of two with one name the hub's own is meant
        of[ref.name] = here if here in {ref.namespace or here, of.get(ref.name)} else ref.namespace
    start = f"kubectl --namespace {here} "
    for command in commands:
        words = command.removeprefix(start).split(" ")
        places = {w: of.get(w.rpartition("/")[2], "") for w in words}
        away = list(dict.fromkeys(p for p in places.values() if p not in {"", here}))
        if not command.startswith(start) or not away:
            yield command
            continue
        for place in away:
            yield " ".join((f"kubectl --namespace {place}", *(w for w in words if places[w] in {"", place})))
