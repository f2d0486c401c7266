"""Whose code an exception comes from, by the frames of its traceback."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import Frame, HubLog, Raised, clean, some

_PACKAGE = re.compile(r"/(?:site|dist)-packages/(?P<package>\w+)")
_PYTHON = re.compile(r"/lib(?:64)?/python\d[\d.]*/|^<frozen ")
# The chart (0.10 to 4.4) mounts its own two, and runs what lies in jupyterhub_config.d under its bare name.
_CHART = re.compile(r"/etc/jupyterhub/(?:jupyterhub_config|z2jh|cull_idle_servers)\.py$")
_PART = re.compile(r"Loading extra config: (?P<part>[\w.\-/ ]{1,80})$")
_AUTHENTICATOR = re.compile(r"\w*authenticator\w*|ltiauth\w*|\w+auth$")
_PLAIN = re.compile(r"[\w.<>]{1,100}")


@dataclass(frozen=True)
class Origin:
    """Whose code it is.

    Attributes:
        word: `extra-config`, `file`, `chart`, `authenticator`, `spawner`, `jupyterhub`.
        says: the code, for a sentence: "function pre_spawn of hub.extraConfig (part hooks, line 6)".
    """

    word: str
    says: str

    @property
    def own(self) -> bool:
        """Whether those who run this hub wrote it."""
        return self.word in {"extra-config", "file"}


def origin(exception: Raised | None, hub_log: HubLog) -> Origin | None:
    """Whose code raised an exception, or called what did; None where the frames do not tell.

    Libraries are passed by on the way out to whoever called them, and JupyterHub, through which all goes, comes last.
    """
    found = [o for f in (exception.frames if exception else ()) if (o := _of(f, hub_log)) is not None]
    return next((o for o in found if o.word != "jupyterhub"), found[0] if found else None)


def parts(hub_log: HubLog) -> list[str]:
    """The names of hub.extraConfig's parts, as the hub printed them when it started."""
    return sorted({m["part"] for _, m in hub_log.find(_PART)})


def _of(frame: Frame, hub_log: HubLog) -> Origin | None:
    at = f"line {frame.line}"
    if frame.file == "<string>":
        if frame.function.startswith("__"):
            # also what dataclasses make of themselves has this name
            return None
        named = parts(hub_log)
        where = f"part {named[0]}, {at}" if len(named) == 1 else f"{at} of {some(named)}" if named else at
        return Origin("extra-config", f"{_function(frame)}hub.extraConfig ({where})")
    if found := _PACKAGE.search(frame.file):
        package = found["package"]
        if package == "jupyterhub":
            return Origin("jupyterhub", f"JupyterHub itself ({_place(frame)})")
        if package == "kubespawner":
            return Origin("spawner", f"KubeSpawner ({_place(frame)})")
        return Origin("authenticator", f"{package} ({_place(frame)})") if _AUTHENTICATOR.match(package) else None
    if _PYTHON.search(frame.file):
        return None
    if _CHART.search(frame.file):
        return Origin("chart", f"the chart's own configuration ({_place(frame)})")
    where = clean(frame.file, 120) + ("" if "/" in frame.file else " in jupyterhub_config.d")
    return Origin("file", f"{_function(frame)}{where} ({at})")


def _function(frame: Frame) -> str:
    name = frame.function
    return f"function {name} of " if _PLAIN.fullmatch(name) and not name.startswith("<") else ""


def _place(frame: Frame) -> str:
    name = frame.file.rpartition("/")[2]
    return f"{clean(name, 60)}, line {frame.line}"
