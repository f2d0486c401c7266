"""Why a server that runs does not answer the hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jhubdoctor.api import RESTARTS, Events, Evidence, Fix, Hub, HubLog, PodLog, Spawn, clean, excerpt
from jhubdoctor_checks.facts.server_logs import reason_in
from jhubdoctor_checks.texts import Known, names_of

# JupyterHub's utils.py (wait_for_http_server), 1.0 to 6.0; a refused or reset connection is not logged at all.
_STATUS = r"Server at (?P<url>\S+) responded with error: (?P<code>\d{3})"
_CONNECT = r"(?:Failed to connect to|Error while waiting for server) (?P<url>\S+) \((?P<error>.*)\)"
_MARGIN = timedelta(seconds=5)
# The hub heard nothing that would tell why.
_MUTE = {"no-answer", "no-connection"}


@dataclass(frozen=True)
class Silence:
    """What the hub heard while it waited.

    Attributes:
        word: the cause, stable.
        says: the rest of a sentence that begins "... did not answer in time:".
        evidence: what shows it.
        row: what the server's own log says of it, where it says something that is known.
    """

    word: str
    says: str
    evidence: tuple[Evidence, ...] = ()
    row: Known[None] | None = None

    def fix(self, hub: Hub, spawn: Spawn) -> Fix:
        """What to do."""
        if self.row is not None:
            return self.row.remedy(names_of(hub))
        look = [
            hub.kubectl("get networkpolicies"),
            hub.kubectl(f"logs {spawn.pod} --container notebook --tail 60") if spawn.pod else "",
        ]
        if self.word == "slow":
            seconds = max(2 * (spawn.limit or 30), 120)
            return Fix(
                f"Give a server {seconds} seconds to answer: a slow home or a large environment takes that long.",
                values={"hub": {"config": {"KubeSpawner": {"http_timeout": seconds}}}},
                commands=tuple(filter(None, (hub.helm_upgrade,))),
                caution=RESTARTS,
            )
        if self.word.startswith("answers"):
            return Fix(
                "Something answers in the server's place with an error: a proxy that the hub asks for everything "
                "(HTTP_PROXY in hub.extraEnv, where NO_PROXY does not cover pods), a service mesh, or the server "
                "itself. Its log says more.",
                commands=tuple(reversed(list(filter(None, look)))),
            )
        if self.word == "container-ended":
            return Fix(
                "See what the container logged before it ended.", commands=tuple(reversed(list(filter(None, look))))
            )
        return Fix(
            "Start such a server again and read its log while it waits. `Failed to connect to my Hub` there means "
            "that the "
            "way from the server to the hub is blocked; a log that ends in a running server means that the way from "
            "the hub "
            "to port 8888 is (NetworkPolicy, service mesh), or that it listens on 127.0.0.1. Where it just needs "
            "longer, "
            "raise hub.config.KubeSpawner.http_timeout.",
            commands=tuple(filter(None, look)),
        )


def silence_of(spawn: Spawn, hub_log: HubLog, events: Events | None, logs: list[PodLog]) -> Silence:
    """Why the server of this spawn did not answer: by its log where that can be read, else by what the hub heard."""
    row, line = reason_in(logs, [spawn.pod])
    shown = Evidence("pod log", f"{spawn.pod}: {clean(line, 300)}")
    if row is not None:
        return Silence(row.word, row.means({}), (shown,), row)
    silence = _silence(spawn, hub_log, events)
    if line:
        return replace(silence, evidence=(*silence.evidence, shown))
    read = {log.pod.name for log in logs}
    reasons = {found.word: found for name in sorted(read) if (found := reason_in(logs, [name])[0])}
    if silence.word in _MUTE and spawn.pod not in read and len(reasons) == 1:
        # a server that is gone, while those that are there are mute for one reason: that, until another shows
        [row] = reasons.values()
        return Silence(row.word, row.means({}), silence.evidence, row)
    return silence


def _silence(spawn: Spawn, hub_log: HubLog, events: Events | None) -> Silence:
    answers = list(_answers(spawn, hub_log, _STATUS))
    if answers:
        code = answers[-1][1]["code"]
        shown = Evidence("hub log", f"HTTP {code} ({len(answers)}x)", answers[-1][0])
        return Silence(f"answers-{code[0]}xx", f"it answers HTTP {code}", (shown,))
    failed = list(_answers(spawn, hub_log, _CONNECT))
    if failed:
        error = clean(failed[-1][1]["error"], 200)
        shown = Evidence("hub log", f"could not connect: {error}", failed[-1][0])
        return Silence("no-connection", "the hub cannot connect to it", (shown,))
    ended = [e for e in events.about("Pod", spawn.pod, "BackOff") if "pull" not in e.message] if events else []
    if ended:
        shown = Evidence("event", f"{ended[0].reason}: {excerpt(ended[0].message, limit=200)}", ended[0].at)
        return Silence("container-ended", "its container ended again and again", (shown,))
    return Silence("no-answer", "nothing answers at its address")


def _answers(spawn: Spawn, hub_log: HubLog, pattern: str) -> Iterator[tuple[datetime | None, re.Match[str]]]:
    """What the log says of this server's address while the hub waited for it."""
    end = spawn.at + _MARGIN if spawn.at else None
    start = spawn.at - timedelta(seconds=spawn.limit or 0) - _MARGIN if spawn.at else None
    for e, m in hub_log.find(pattern):
        own = f"/user/{spawn.user}/" in m["url"] + "/" or (spawn.url and m["url"].startswith(spawn.url))
        if own and (start is None or end is None or e.at is None or start <= e.at <= end):
            yield e.at, m
