"""What users may have of cpu and memory, as values and profiles give it to KubeSpawner."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from jhubdoctor.api import Fix, Hub, Values, clean, merged, nested, quantity, spawner_bytes, where_set

PATHS = {
    "cpu_guarantee": "singleuser.cpu.guarantee",
    "cpu_limit": "singleuser.cpu.limit",
    "mem_guarantee": "singleuser.memory.guarantee",
    "mem_limit": "singleuser.memory.limit",
}


@dataclass(frozen=True)
class Given:
    """A value and where it stands."""

    path: str
    value: object

    @property
    def in_profile(self) -> bool:
        """Whether a profile, or a choice of one, sets it, which no patch of the values can change alone."""
        return ".profileList[" in self.path

    def __str__(self) -> str:
        return f"{self.path}: {clean(repr(self.value) if isinstance(self.value, str) else str(self.value), 60)}"


@dataclass(frozen=True)
class Choice:
    """What a user may choose to start: the default, a profile, an option of one. `given` is by trait, as it counts."""

    name: str
    given: Mapping[str, Given]


_GI = Decimal(2**30)


def with_room(resource: str, most: Decimal) -> dict[str, object]:
    """What users may be guaranteed of the most that a node has, with some left for others; empty where it is little."""
    room = most * Decimal("0.8")
    if resource == "memory" and room >= _GI:
        return {"memory": {"guarantee": f"{int(room / _GI)}G"}}
    if resource == "cpu" and room:
        return {"cpu": {"guarantee": float(room.quantize(Decimal("0.1")))}}
    return {}


def in_code(values: Values, trait: str) -> bool:
    """Whether code sets the trait, so that no value is what counts."""
    return any(f"{cls}.{trait}" in values.traits_in_code for cls in ("KubeSpawner", "Spawner"))


def default(values: Values) -> dict[str, Given]:
    """What all are given, by trait."""
    found = {trait: Given(*where_set(values, trait)) for trait in PATHS if not in_code(values, trait)}
    return {trait: given for trait, given in found.items() if given.value is not None}


def _over(override: object, path: str) -> dict[str, Given]:
    if not isinstance(override, Mapping):
        return {}
    return {t: Given(f"{path}.{t}", override[t]) for t in PATHS if override.get(t) is not None}


def choices(values: Values) -> Iterator[Choice]:
    """All that a user may start: without profiles the default alone."""
    base = default(values)
    profiles = [] if "KubeSpawner.profile_list" in values.traits_in_code else values.items("singleuser.profileList")
    seen = False
    for i, profile in enumerate(profiles):
        if not isinstance(profile, Mapping):
            continue
        seen = True
        path = f"singleuser.profileList[{i}]"
        name = f'profile "{clean(str(profile.get("display_name", i)), 80)}"'
        own = {**base, **_over(profile.get("kubespawner_override"), f"{path}.kubespawner_override")}
        yield Choice(name, own)
        options = profile.get("profile_options")
        for key, option in options.items() if isinstance(options, Mapping) else ():
            chosen = option.get("choices") if isinstance(option, Mapping) else None
            for word, choice in chosen.items() if isinstance(chosen, Mapping) else ():
                below = choice.get("kubespawner_override") if isinstance(choice, Mapping) else None
                over = _over(below, f"{path}.profile_options.{key}.choices.{word}.kubespawner_override")
                if over:
                    yield Choice(f'{name}, choice "{clean(str(word), 80)}"', {**own, **over})
    if not seen:
        yield Choice("default", base)


def cpu(value: object) -> Decimal | None:
    """A number of cores, as JupyterHub's Float trait takes it: no text. None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return Decimal(str(value))


def amount(trait: str, value: object) -> Decimal | None:
    """The value of a trait in cores or bytes, None where KubeSpawner refuses it."""
    return cpu(value) if trait.startswith("cpu") else spawner_bytes(value)


def meant(trait: str, value: object) -> float | int | str | None:
    """What was probably meant by a value that KubeSpawner refuses; None where nobody can tell."""
    text = str(value).strip()
    number = quantity(text) if trait.startswith("cpu") else None
    if number is not None:
        return int(number) if number == number.to_integral_value() else float(number)
    if trait.startswith("mem"):
        if text.isdigit():
            return int(text)
        plain = text.rstrip("bB").rstrip("i").upper()
        if spawner_bytes(plain) is not None:
            return plain
    return None


def all_given(values: Values) -> list[tuple[str, Given]]:
    """Every value once, with its trait: the defaults, then those of profiles."""
    found = {g.path: (t, g) for t, g in default(values).items()}
    found |= {g.path: (t, g) for c in choices(values) for t, g in c.given.items()}
    return list(found.values())


def contradictions(values: Values, kind: str) -> list[Given]:
    """Guarantees of cpu or mem above their limits, each followed by its limit."""
    found: dict[tuple[str, str], tuple[Given, Given]] = {}
    for choice in choices(values):
        low, high = choice.given.get(f"{kind}_guarantee"), choice.given.get(f"{kind}_limit")
        if low is None or high is None:
            continue
        least, most = amount(kind, low.value), amount(kind, high.value)
        # KubeSpawner leaves out what is zero
        if least and most and least > most:
            found[low.path, high.path] = (low, high)
    return list(dict.fromkeys(g for pair in found.values() for g in pair))


def correction(hub: Hub, wrong: list[tuple[str, Given]]) -> Fix:
    """Write what was probably meant: a patch, and for values in profiles what to write where."""
    patch: dict[str, object] = {}
    inside: list[str] = []
    for trait, given in wrong:
        better = meant(trait, given.value)
        if not given.in_profile and better is not None:
            patch = merged(patch, nested(given.path, better))
        else:
            inside.append(f"{given.path}: {better if better is not None else '...'}")
    text = "Write it as KubeSpawner reads it; its K, M, G and T count 1024, so 512M is 512Mi."
    text += f" In the profiles: {'; '.join(inside[:4])}." if inside else ""
    return Fix(text, patch, (hub.helm_upgrade,), lowers=True)
