"""How servers get their former claims back."""

from collections.abc import Mapping
from typing import Any

from jhubdoctor.api import Fix, Hub, Values, merged, nested, some
from jhubdoctor_checks.storage._claim_names import CHARTS, SINCE, Key, Naming, Pair
from jhubdoctor_checks.storage._claims import STORAGE

# Of more claims than this a run sees a sample, and a setting for all may harm those that it does not see.
_SEEN = 249
IN_CODE = {f"KubeSpawner.{trait}" for trait in ("pvc_name_template", "remember_pvc_name", "slug_scheme")}
"""What decides the name of a claim. Where code sets it, nobody sees what it is, and values do not change it."""
# The chart gives code in hub.extraConfig get_config, and nothing reads `custom` but such code.
_GIVE = (
    'use_former_home = lambda s: setattr(s, "pvc_name", '
    'get_config("custom.formerHomes").get(f"{s.user.name}/{s.name}", s.pvc_name))'
)
HOOKS = {"KubeSpawner.pre_spawn_hook", "Spawner.pre_spawn_hook"}


def restored(pairs: list[Pair], now: Naming) -> bool:
    """Whether the hub gives each of these servers its former claim at the next start."""
    return not now.remembers and all(now.name(p.key) == p.former.name for p in pairs)


def _harmed(way: Naming, pairs: list[Pair], used: Mapping[Key, str]) -> list[Key]:
    """The servers that would get another claim than they have, or that of another server, though all is well."""
    fixed = {p.key for p in pairs}
    names = [way.name(key) for key in used]
    return [k for k in sorted(used) if names.count(way.name(k)) > 1 or (k not in fixed and way.name(k) != used[k])]


def remedy(pairs: list[Pair], used: Mapping[Key, str], now: Naming, hub: Hub, values: Values) -> Fix:
    """Bring the former claims back: by a setting where nobody loses a home by it, else for these servers alone."""
    keep = (
        "This restarts the hub. Servers that run keep the newer home until they are stopped. What was saved there is "
        "still on the newer claim: copy it before anybody deletes that."
    )
    ways = [Naming(t, s) for t in (now.template, CHARTS, SINCE[0][0]) for s in (now.scheme, "escape")]
    fitting = [w for w in ways if restored(pairs, w)]
    blind = len(used) > _SEEN or values.traits_in_code & IN_CODE
    good = [] if blind else [w for w in fitting if not _harmed(w, pairs, used)]
    seven = hub.at_least("4.0.0") is not False
    if good:
        way = good[0]
        forget: dict[str, Any] = {"hub": {"config": {"KubeSpawner": {"remember_pvc_name": False}}}}
        patch = forget if now.remembers else {}
        if way.scheme != now.scheme:
            patch = merged(patch, nested("hub.config.KubeSpawner.slug_scheme", way.scheme))
        if way.template != now.template:
            at = "singleuser.storage.dynamic.pvcNameTemplate"
            if values.get("hub.config.KubeSpawner.pvc_name_template"):
                at = "hub.config.KubeSpawner.pvc_name_template"
            patch = merged(patch, nested(at, way.template))
        text = "Use the former names again"
        text += ", and let the hub forget which claim it gave last (remember_pvc_name)." if now.remembers else "."
        return hub.values_fix(f"{text} Each server gets its former home at its next start.", patch, caution=keep)
    lost = _harmed(fitting[0], pairs, used) if fitting else []
    why = (
        f" The setting remember_pvc_name: false would take the homes of others away: {some(map(_who, lost))}."
        if lost
        else ""
    )
    if not seven:
        # the claim's name stands in the volume by its template, so code cannot change it
        listed = hub.kubectl(f"get persistentvolumeclaims -l component={STORAGE}")
        return Fix(f"Copy the files from the former claims to the newer ones.{why}", commands=(listed,), caution=keep)
    hooked = bool(values.traits_in_code & HOOKS)
    text = "Give these servers their former claims by name; the hub remembers them from the next start on."
    if hooked:
        text += " Call use_former_home(spawner) in the pre_spawn_hook that hub.extraConfig sets."
    known = nested("custom.formerHomes", {"/".join(p.key): p.former.name for p in pairs})
    code = _GIVE if hooked else f"c.KubeSpawner.pre_spawn_hook = {_GIVE.partition(' = ')[2]}"
    return hub.values_fix(text + why, merged(known, nested("hub.extraConfig.formerHomes", code)), caution=keep)


def _who(key: Key) -> str:
    return "/".join(filter(None, key))
