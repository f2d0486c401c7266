"""Stable pseudonyms for the names of a hub's users, everywhere: names, labels, claims, events, log lines.

Users are learnt first (from labels and annotations, from what the hub logs, from the names of pods and claims), over
everything that was read; then every text is gone through. A name that is also a word of the system (a user called
`hub`) is replaced only where it stands for the user, since elsewhere it tells nothing.

A pseudonym is keyed: without the key nobody can try names until one fits. The key stays on the machine that made it, so
a user has the same pseudonym in the next run.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.kube.config import Secret
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.meta import PartialObject
from jhubdoctor.model.kube.network import Service
from jhubdoctor.model.kube.nodes import Node
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.storage import PersistentVolume, VolumeAttachment
from jhubdoctor.model.kube.workloads import DaemonSet, Deployment, StatefulSet
from jhubdoctor.model.slugs import slugs
from jhubdoctor.sources.kept import Collected
from jhubdoctor.sources.reads import READS, Answer, Query

USERNAME = "hub.jupyter.org/username"
KEY_VARIABLE = "JHUBDOCTOR_PSEUDONYM_KEY"
_SHAPE = re.compile(r"user[a-z2-7]{8}")
# What a name, a pod's name or a path's part may consist of, without a break.
_RUN = re.compile(r"[\w.@%+~-]{1,300}")
_EDGE = re.compile(r"[^\W_]+")
_PREFIXED = re.compile(r"(?:jupyter|claim)-(?P<slug>[a-z0-9][a-z0-9.-]*)")
_HASHED = re.compile(r"(?P<prefix>(?:jupyter|claim)-)?(?P<slug>[a-z0-9-]*)---(?P<hash>[0-9a-f]{8})(?![0-9a-f])")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[A-Za-z]{2,24}(?![\w.-]*\w@)")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}|[0-9a-f]*:[0-9a-f:]*")

# Where JupyterHub, KubeSpawner and the culler log the name of a user.
_LOGGED = tuple(
    re.compile(p)
    for p in (
        r"User logged (?:in|out): (?P<u>\S+)",
        r"User (?P<u>\S+) took [\d.]+ seconds to start",
        r"(?:^|[\s\"'])(?P<u>[^\s\"':]+)(?::[^\s']*)?'s server\b",
        r"/(?:user|spawn|spawn-pending|api/users)/(?P<u>[^/\s?\"'\\&)\]]+)",
        r"\((?P<u>[^\s()@]+(?:@[^\s()@]+)?)@[\d.:a-f]+\) [\d.]+ms",
        r"(?:Adding|Removing) user (?P<u>\S+) (?:to|from) proxy",
        r"(?:Culling|Not culling|Skipping) (?:server|user) (?P<u>[^\s:/(]+)",
        r"(?:Creating|Deleting|Deleted|Added|Removed) user (?P<u>\S+)$",
        r"[Uu]ser(?:name)? ?[:=]? ?(?P<q>['\"])(?P<u>[^'\"\s]{1,200})(?P=q)",
        r"'(?:user)?name': '(?P<u>[^'\s]+)', '(?:admin|kind|groups)",
        r"\bServer (?P<u>[^\s:]+)(?::\S*)? is (?:ready|slow|stopped)",
        r"(?:Login|Logout|login) (?:request )?(?:for|by|of) (?:user )?(?P<u>\S+@\S+)",
    )
)
_LOGGED_POD = re.compile(
    r"(?:pods?[ /:]+|create pod |delete pod |existing pod |Killed pod |PVC |pvc |claim )[\"']?(?:[^\s/\"']+/)?"
    r"(?P<name>(?:jupyter|claim)-[a-z0-9][a-z0-9.-]*)"
)
# Words of the hub's and the cluster's own texts: a user of such a name is replaced only where users stand.
_WORDS = frozenset(
    """
    a access account active add admin after all allowed already an and any api app are as at attempt attempting auth
    back be been before body cannot cause class cluster code com config configmap connect connection container control
    core could create created culler data database db default delete deleted deploy deployment dev did disk does done
    down dummy edge empty end endpoint error etcd event exceeded exit failed failing false fatal field file finished
    first for found from get git github go google guest had has have helm home host hour http https hub id ignored image
    in info ingress init is it job jovyan json jupyter jupyterhub key kind kube kubelet kubernetes lab label last latest
    limit list local localhost log login logs main manager master max memory message metrics min minute missing mode
    name namespace network new next no node none not notebook null object of ok old on one only open or org other out
    over pending pod policy pool port post prod proxy public pull put pvc python quota read ready reason release request
    root run running scale scheduler second secret seconds self server service session set shared single singleuser size
    spawn spawner staging start started state status stop stopped storage student sub success sync system tag taint
    teacher test tester text the this time timeout tls to token too traefik true type unknown until up update url use
    used user username users value version volume wait waiting was web when will with worker x yaml you zone
    """.split()
)
# What stands where a name should, in prose.
_NOBODY = frozenset("none user users the a this that its their server".split())
_BEFORE = re.compile(
    r"(?:/(?:user|users|spawn|spawn-pending)/|\b[Uu]ser(?:name)?s?[ :=]{1,2}['\"]?|logged (?:in|out): |\(|\bfor |"
    r"(?:jupyter|claim)-|jupyterhub-user-|user=)$"
)
_AFTER = re.compile(r"(?:@[\d.:a-f]+\)|'s server| took [\d.]+ seconds|:[\w-]*'s server)")


@dataclass
class Pseudonyms:
    """The users that were learnt, and what to write instead of them."""

    key: bytes
    known: dict[str, str] = field(default_factory=dict)
    """Each spelling of a name, in lower case, to the pseudonym."""
    spaced: dict[str, str] = field(default_factory=dict)
    """Spellings with characters that break words."""
    hashed: dict[str, str] = field(default_factory=dict)
    """The eight digits that KubeSpawner's safe slugs end in."""
    words: frozenset[str] = _WORDS
    """Words of the system: to be replaced where a user stands, and nowhere else."""

    def of(self, user: str) -> str:
        """The pseudonym of a user: a valid user name, and a valid part of the names of pods."""
        if _SHAPE.fullmatch(user):
            return user
        digest = hmac.new(self.key, user.casefold().encode(errors="replace"), hashlib.sha256).digest()
        return "user" + base64.b32encode(digest[:5]).decode().lower()

    def learn(self, user: str) -> None:
        """Take in a user by the name that the hub knows."""
        user = unquote(user).strip()
        if not user or len(user) > 255 or _SHAPE.fullmatch(user) or _ADDRESS.fullmatch(user):
            return
        pseudonym = self.of(user)
        spellings = {user, quote(user, safe="@~"), quote(user, safe=""), user.encode("unicode_escape").decode()}
        # kubespawner/slugs.py and escapism
        spellings |= {s for s in slugs(user) if not s.startswith("---")}
        spellings.add(re.sub(r"[^a-z0-9]+", "-", user.lower()).strip("-"))
        self.hashed.setdefault(hashlib.sha256(user.encode(errors="replace")).hexdigest()[:8], pseudonym)
        for spelling in spellings - {""}:
            place = self.known if _RUN.fullmatch(spelling) else self.spaced
            place.setdefault(spelling.casefold(), pseudonym)

    def learn_slug(self, slug: str) -> None:
        """Take in the part of a pod's or a claim's name that stands for a user whose name is not known."""
        slug = slug.strip("-.")
        if "---" in slug or not slug or _SHAPE.match(slug):
            return
        first = slug.partition("--")[0]
        if slug.casefold() not in self.known and first.casefold() not in self.known:
            self.known[slug.casefold()] = self.of(slug)

    # --- replacing ---------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """The text with all users replaced."""
        if not text:
            return text
        low = text.casefold()
        for spelling, pseudonym in self.spaced.items():
            if spelling in low:
                text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", pseudonym, text, flags=re.IGNORECASE)
                low = text.casefold()
        return _RUN.sub(lambda m: self._run(m[0], text, m.start(), m.end()), text)

    def _run(self, run: str, text: str, start: int, end: int) -> str:
        """A stretch without a break: itself a name, or one with names in it."""
        found = self._find(run, text, start, end)
        if found is None:
            return run
        left, right, pseudonym = found
        before = self._run(run[:left], text, start, start + left) if left else ""
        after = self._run(run[right:], text, start + right, end) if right < len(run) else ""
        return before + pseudonym + after

    def _find(self, run: str, text: str, start: int, end: int) -> tuple[int, int, str] | None:
        """The longest part of a stretch that is a user, from edge to edge of words."""
        if "---" in run and (m := _HASHED.search(run)) and (m["prefix"] or m["hash"] in self.hashed):
            # a safe slug: the hash alone would tell whether a guessed name is right
            name, _, server = m["slug"].partition("--")
            user = self.hashed.get(m["hash"]) or self.known.get(name) or self.of(m["slug"])
            return (m.start("slug"), m.end(), f"{user}--{server}" if server else user)
        edges = [(m.start(), m.end()) for m in _EDGE.finditer(run)][:24]
        # escapism begins a name with a dash where its first letter is not plain: jupyter--4burt for Kurt
        dashed = {s - 1 for s, _ in edges if s and run[s - 1] == "-"}
        starts = sorted({s for s, _ in edges} | dashed | {0})
        ends = sorted({e for _, e in edges} | {len(run)}, reverse=True)
        best: tuple[int, int, str] | None = None
        for s in starts:
            for e in ends:
                if e <= s or (best and e - s <= best[1] - best[0]):
                    break
                part = run[s:e].casefold()
                pseudonym = self.known.get(part)
                if pseudonym and (self._tells(part) or self._stands(text, start + s, start + e, end)):
                    best = (s, e, pseudonym)
                    break
        return best

    def _tells(self, part: str) -> bool:
        """Whether a name is so much its own that it is nothing else."""
        return len(part) > 2 and part not in self.words and (len(part) > 5 or not part.isdigit())

    def _stands(self, text: str, start: int, end: int, run_end: int) -> bool:
        """Whether a user stands here, by what is written around."""
        return bool(_BEFORE.search(text, max(0, start - 24), start) or _AFTER.match(text, end, run_end + 40))


# --- learning --------------------------------------------------------------------------------------------------------


def key() -> tuple[bytes, bool]:
    """The key, and whether it outlasts this run."""
    given = os.environ.get(KEY_VARIABLE)
    if given:
        return given.encode(), True
    try:
        # a user id without a name has no home
        state = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
        place = Path(state) / "jhubdoctor" / "pseudonym.key"
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w", encoding="ascii") as f:
                f.write(secrets.token_hex(32))
        found = place.read_bytes().strip()
    except (OSError, RuntimeError):
        found = b""
    return (found, True) if len(found) >= 32 else (secrets.token_bytes(32), False)


def learnt(kept: Collected, secret: bytes) -> Pseudonyms:
    """The users that the answers name."""
    names = Pseudonyms(secret)
    items = list(_items(kept))
    texts = [a.text for a in kept.answers.values() if a.text]
    services = {s for i in items if isinstance(i, Secret) for s in _services(i)}
    homes = _user_namespaces(items)
    names.words = _WORDS | {w for i in items for w in _words(i, homes)} | {s.casefold() for s in services}
    for item in items:
        label, user = item.labels.get(USERNAME, ""), item.annotations.get(USERNAME, "")
        if label or user:
            user = user or _unescaped(label)
            names.learn(user)
            names.known.setdefault((label or user).casefold(), names.of(user))
    for text in texts:
        for user in _logged_users(text) - services:
            names.learn(user)
    system = {i.name for i in items if not _of_user(i)}
    for name in sorted(_claimed(items, texts) - system):
        if m := _PREFIXED.match(name):
            names.learn_slug(m["slug"])
    return names


def _claimed(items: Iterable[Any], texts: Iterable[str]) -> set[str]:
    """Names of pods and claims that are users', or look so."""
    found = {i.name for i in items if _of_user(i)}
    for event in items:
        if isinstance(event, Event) and event.involved_object.kind in {"Pod", "PersistentVolumeClaim"}:
            found.add(event.involved_object.name)
    return found | {m["name"] for text in texts for m in _LOGGED_POD.finditer(text)}


def _items(kept: Collected) -> Iterator[Any]:
    for answer in kept.answers.values():
        yield from answer.items


def _of_user(item: Any) -> bool:
    return (
        item.component in {"singleuser-server", "singleuser-storage"}
        or bool(item.labels.get(USERNAME) or item.annotations.get(USERNAME))
        or isinstance(item, Event | PersistentVolume | VolumeAttachment | PartialObject)
    )


def _user_namespaces(items: Iterable[Any]) -> set[str]:
    """The namespaces that a hub gave its users: these bear their names, and nothing of the system is there."""
    items = list(items)
    servers = {i.namespace for i in items if i.component in {"singleuser-server", "singleuser-storage"}}
    return servers - {i.namespace for i in items if isinstance(i, Deployment | DaemonSet | StatefulSet | Service)}


def _words(item: Any, homes: Iterable[str]) -> set[str]:
    """The words that name what belongs to the system."""
    texts = ["" if item.namespace in homes else item.namespace, item.component]
    if isinstance(item, Pod):
        texts += [c.name for c in (*item.spec.containers, *item.spec.init_containers)]
    elif isinstance(item, Deployment | DaemonSet | StatefulSet | Service | Node | Secret):
        texts.append(item.name)
    return {w.casefold() for t in texts if t for w in (t, *_EDGE.findall(t))}


def _services(item: Secret) -> set[str]:
    """The services that the values name: they act like users, and are none."""
    try:
        found = load_json(base64.b64decode(item.data.get("values.yaml", "")))["hub"]["services"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return set()
    return {str(s) for s in found} if isinstance(found, dict) else set()


def _unescaped(label: str) -> str:
    """A user's name from a label: KubeSpawner writes `-40` for `@`."""
    return re.sub(r"-([0-9a-f]{2})", lambda m: bytes.fromhex(m[1]).decode("latin-1"), label)


def _logged_users(text: str) -> set[str]:
    if not text:
        return set()
    found = {m["u"] for p in _LOGGED for m in p.finditer(text)}
    found |= {m[0] for m in _MAIL.finditer(text) if not m[0].startswith(("git@",))}
    return {u for u in found if u.casefold() not in _NOBODY}


# --- everything ------------------------------------------------------------------------------------------------------


def replaced(kept: Collected, secret: bytes, *, lasting: bool = True) -> Collected:
    """The answers with pseudonyms instead of the names of users."""
    names = learnt(kept, secret)
    answers: dict[Query, Answer] = {}
    for query, answer in kept.answers.items():
        asked = replace(
            query,
            namespace=names.text(query.namespace) if query.namespace else query.namespace,
            name=names.text(query.name),
            labels=names.text(query.labels),
            fields=names.text(query.fields),
        )
        kind = PartialObject if query.metadata_only else READS[query.read].type
        items = [msgspec.convert(_walk(msgspec.to_builtins(i), names), kind, strict=False) for i in answer.items]
        answers[asked] = replace(answer, items=items, text=names.text(answer.text), detail=names.text(answer.detail))
    notices = kept.notices
    if not lasting:
        notices += ("No key for pseudonyms could be kept: they are of this run alone.",)
    return replace(kept, answers=answers, notices=notices, users="pseudonyms")


def _walk(value: Any, names: Pseudonyms) -> Any:
    if isinstance(value, str):
        return names.text(value)
    if isinstance(value, list):
        return [_walk(v, names) for v in value]
    if isinstance(value, dict):
        return {k: _value(str(k), v, names) for k, v in value.items()}
    return value


def _value(key_: str, value: Any, names: Pseudonyms) -> Any:
    if key_ == USERNAME and isinstance(value, str):
        return names.known.get(value.casefold()) or names.spaced.get(value.casefold()) or names.of(value)
    if key_ in {"values.yaml", "release"} and isinstance(value, str):
        return _encoded(value, names.text)
    return _walk(value, names)


def _encoded(value: str, change: Callable[[str], str]) -> str:
    """Text in base64, changed; as it is where it is none."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (ValueError, binascii.Error):
        return change(value)
    return base64.b64encode(change(text).encode()).decode()
