"""Exceptions with which spawns fail that are neither a refusal nor a matter of time."""

import re
from dataclasses import replace

from jhubdoctor.api import Fix, Hub, HubLog, Spawn, clean
from jhubdoctor_checks.origin import Origin, origin
from jhubdoctor_checks.texts import Known, known, names_of
from jhubdoctor_checks.texts.jupyterhub import SPAWN_ERROR, SPAWN_ERRORS

# What a hook or profile raises on purpose to say no: HTTP 4xx.
ON_PURPOSE = r"(?:tornado\.web\.)?HTTPError: HTTP 4\d\d|^HTTP 4\d\d: |SpawnException"

# What fills templates: _expand_user_properties and _expand_all of KubeSpawner, format_string of JupyterHub.
_FILLS = r"expand|format"


def error_of(spawn: Spawn, hub_log: HubLog) -> tuple[Known[None], Origin | None]:
    """The kind of an exception, and whose code it comes from.

    What code of one's own raises says nothing of the API server or of templates, whatever its class.
    """
    whose = origin(spawn.raised, hub_log)
    if whose is not None and whose.own:
        return SPAWN_ERROR, whose
    kind = known(SPAWN_ERRORS, spawn.error) or SPAWN_ERROR
    frames = spawn.raised.frames if spawn.raised is not None else ()
    if kind.word == "template" and frames and not any(re.search(_FILLS, f.function) for f in frames):
        # a name may be missing in whatever is looked up
        return SPAWN_ERROR, whose
    return kind, whose


def cause_of(spawn: Spawn, hub_log: HubLog) -> str:
    """A stable word for the exception with which a spawn failed."""
    kind, whose = error_of(spawn, hub_log)
    # the class of the exception, without its module and its text
    name = re.match(r"[\w.]+", spawn.error)
    word = whose.word if whose is not None and whose.own else kind.word
    return f"{word} {name[0].rpartition('.')[2]}" if kind is SPAWN_ERROR and name else word


def meaning(hub: Hub, spawn: Spawn, hub_log: HubLog) -> tuple[str, Fix]:
    """Why it failed, as the rest of a sentence, and what to do."""
    kind, whose = error_of(spawn, hub_log)
    m = kind.search(spawn.error)
    names = {k: clean(v, 120) for k, v in (m.groupdict("") if m else {}).items()}
    fix = kind.remedy({**names_of(hub), **names})
    if kind is not SPAWN_ERROR:
        return kind.means(names), fix
    if whose is None:
        return f"{kind.says} ({clean(spawn.error, 160)})", fix
    says = f"{whose.says} raises {clean(spawn.error, 160)}"
    if whose.word == "extra-config":
        text = "Correct that code in hub.extraConfig, and let the hub load it."
        return says, hub.values_fix(text, {}, *fix.commands)
    if whose.word == "file":
        text = "Correct that code: it is in hub.extraFiles, in a volume of the hub, or in its image."
        return says, hub.values_fix(text, {}, *fix.commands)
    return says, replace(
        fix,
        text=f"See the whole traceback in the hub's log, and what is known of it for {whose.says.partition(' (')[0]}.",
    )
