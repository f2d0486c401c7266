"""How volumes are kept when their claims go."""

from collections.abc import Iterable

_PATCH = '{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}'
# a command that is longer is cut where findings are bounded, and then none at all
_MOST = 40


def retain(volumes: Iterable[str]) -> tuple[str, ...]:
    """The commands that keep all of these volumes, also after their claims and namespace are gone: one for up to 40."""
    names = sorted(set(volumes))
    parts = (names[i : i + _MOST] for i in range(0, len(names), _MOST))
    return tuple(f"kubectl patch persistentvolume {' '.join(part)} -p '{_PATCH}'" for part in parts)
