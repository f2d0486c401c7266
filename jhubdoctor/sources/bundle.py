"""What a run read, kept in a file: the same doctor without the cluster.

A bundle holds every answer that the facts got, under the query that they asked, after redaction; so a run over it finds
what the run over the cluster found. The format is described in `docs/bundles.md`.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import select
import stat
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import msgspec

from jhubdoctor import __version__
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.hub import Scope
from jhubdoctor.model.kube.meta import Object, PartialObject
from jhubdoctor.privacy.logs import log_end, message, path_text
from jhubdoctor.privacy.objects import sanitize
from jhubdoctor.privacy.text import clean
from jhubdoctor.sources import archive, dump
from jhubdoctor.sources.decode import NotJSON, decode_item
from jhubdoctor.sources.kept import Collected
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState

SCHEMA = "jhubdoctor-bundle-v1"
MANIFEST = "manifest.json"
_FAMILY = re.compile(r"jhubdoctor-bundle-v(\d+)")
MOST_NOTICES = 20


# --- the format ------------------------------------------------------------------------------------------------------


class _Entry(msgspec.Struct):
    """A query with its answer, whose items are of the kind that it asked for."""

    query: Query
    state: ReadState
    detail: str = ""
    asked: bool = True
    left_out: int = 0
    surveyed: int = 0
    items: list[msgspec.Raw] = []
    text: str = ""


class _Scope(msgspec.Struct):
    """Where a run looked, without what it judged against: that is for whoever opens the bundle to say."""

    namespace: str | None = None
    all_namespaces: bool = False
    release: str | None = None
    default_namespace: str = "default"


class _Tool(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Manifest(msgspec.Struct, kw_only=True):
    """`schema` is first, so that people see it."""

    schema: str
    tool: _Tool = msgspec.field(default_factory=_Tool)
    taken_at: datetime
    context: str = ""
    namespace: str = "default"
    server_version: str = ""
    scope: _Scope = msgspec.field(default_factory=_Scope)
    notices: list[str] = []
    users: str = ""
    answers: int


def dumps(kept: Collected) -> bytes:
    """A bundle as a tar.gz: the same bytes for the same answers."""
    stamp = int(kept.taken_at.timestamp())
    files = [(MANIFEST, _pretty(_manifest(kept)))]
    for i, query in enumerate(sorted(kept.answers, key=_order), start=1):
        body = msgspec.json.encode(_entry(query, kept.answers[query]))
        files.append((f"answers/{i:04d}-{query.read.replace('/', '-')}.json", _pretty(body)))
    out = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=stamp) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(body), stamp, 0o644
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def _pretty(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=1) + b"\n"


def _order(query: Query) -> tuple[str, ...]:
    return (query.read, query.namespace or "", query.name, query.labels, query.fields,
            str(query.metadata_only), str(query.survey))  # fmt: skip


def _manifest(kept: Collected) -> bytes:
    version = kept.answers.get(Query("version", name="/version"))
    git_version = re.search(r'"gitVersion"\s*:\s*"([^"]{1,80})"', version.text) if version else None
    scope = kept.scope
    return msgspec.json.encode(
        _Manifest(
            schema=SCHEMA,
            tool=_Tool("jhubdoctor", __version__),
            taken_at=kept.taken_at,
            context=kept.context,
            namespace=kept.namespace,
            server_version=clean(git_version[1]) if git_version else "",
            scope=_Scope(scope.namespace, scope.all_namespaces, scope.release, scope.default_namespace),
            notices=list(kept.notices),
            users=kept.users,
            answers=len(kept.answers),
        )
    )


def _entry(query: Query, answer: Answer) -> _Entry:
    return _Entry(
        query=query,
        state=answer.state,
        detail=answer.detail,
        asked=answer.asked,
        left_out=answer.left_out,
        surveyed=answer.surveyed,
        items=[msgspec.Raw(msgspec.json.encode(i)) for i in answer.items],
        text=answer.text,
    )


def loads(stream: IO[bytes], name: str, limits: archive.Limits = archive.LIMITS) -> Collected:
    """The answers that a bundle holds, reduced once more: it may come from anybody.

    Raises:
        DoctorError: where it is damaged, of a newer format, or no bundle at all.
    """
    manifest: _Manifest | None = None
    answers: dict[Query, Answer] = {}
    seen = 0
    for member in archive.members(stream, limits):
        if member.name == MANIFEST:
            manifest = _read_manifest(member.read(), name)
        elif member.name.startswith("answers/") and member.name.endswith(".json"):
            seen += 1
            pair = _read_answer(member.read())
            if pair is not None:
                answers[pair[0]] = pair[1]
    if manifest is None:
        raise DoctorError(f"{name} is no bundle of jhubdoctor.", "Make one with `jhubdoctor collect`.")
    if seen != manifest.answers:
        raise DoctorError(f"{name} is not whole: {seen} of {manifest.answers} answers are in it.", "Copy it anew.")
    at = manifest.taken_at
    if not 2000 <= at.year < 3000:
        raise DoctorError(f"The manifest of {name} cannot be read: nobody took it in {at.year}.", "Copy it anew.")
    scope = manifest.scope
    return Collected(
        answers=answers,
        taken_at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
        context=clean(manifest.context, 300),
        namespace=manifest.namespace,
        scope=Scope(scope.namespace, scope.all_namespaces, scope.release, scope.default_namespace),
        notices=tuple(clean(n, 500) for n in manifest.notices[:MOST_NOTICES]),
        users=clean(manifest.users, 80),
    )


def _read_manifest(body: bytes, name: str) -> _Manifest:
    try:
        raw = msgspec.json.decode(body)
        schema = raw.get("schema") if isinstance(raw, Mapping) else None
        family = _FAMILY.fullmatch(schema) if isinstance(schema, str) else None
        if family and family[1] != "1":
            raise DoctorError(
                f"{name} is of a newer format ({clean(str(schema), 60)}); this jhubdoctor reads {SCHEMA}.",
                "Update jhubdoctor: pip install --upgrade jhubdoctor.",
            )
        if family is None:
            raise DoctorError(f"{name} is no bundle of jhubdoctor.", "Make one with `jhubdoctor collect`.")
        return msgspec.convert(raw, _Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError, ValueError) as e:
        raise DoctorError(f"The manifest of {name} cannot be read.", "Copy the bundle anew, as binary.") from e


def _read_answer(body: bytes) -> tuple[Query, Answer] | None:
    """One answer; None where it is one to a question that this release does not ask."""
    try:
        entry = msgspec.json.decode(body, type=_Entry)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    query, state = entry.query, entry.state
    if query.read not in READS:
        return None
    items, left_out = _read_items(PartialObject if query.metadata_only else READS[query.read].type, entry.items)
    text = log_end(entry.text, query.lines) if query.read == "pods/log" else path_text(query.read, entry.text)
    if left_out and state is ReadState.OK:
        state = ReadState.MALFORMED
    detail = message(entry.detail)
    return query, Answer(
        state, items, text, detail, entry.left_out + left_out, max(entry.surveyed, 0), asked=entry.asked
    )


def _read_items(kind: type[Object], raw: Iterable[msgspec.Raw]) -> tuple[list[Any], int]:
    items, left_out = [], 0
    for one in raw:
        try:
            item = decode_item(kind, bytes(one))
        except NotJSON:
            left_out += 1
            continue
        if item.metadata.name:
            sanitize(item)
            items.append(item)
        else:
            left_out += 1
    return items, left_out


# --- opening ---------------------------------------------------------------------------------------------------------


def open_reader(path: str) -> Reader:
    """A reader of a bundle, of a dump that kubectl or troubleshoot.sh made, or of objects in a file.

    Args:
        path: a file, a folder, or `-` for standard input.

    Raises:
        UsageError: where there is no such file.
        DoctorError: where it cannot be understood.
    """
    if not path:
        raise UsageError("--from names no file.", "Name a bundle, a dump, or - for standard input.")
    if path == "-":
        return _of_stream(_whole(sys.stdin.buffer.read), "standard input", None)
    place = Path(path)
    shown = clean(place.name or path, 200)
    try:
        if place.is_dir():
            return dump.of_folder(place, shown)
        there = place.stat()
        if not stat.S_ISREG(there.st_mode):
            return _of_stream(_whole(partial(_read_pipe, place)), shown, None)
        modified = datetime.fromtimestamp(there.st_mtime, UTC)
        with place.open("rb") as stream:
            return _of_stream(stream, shown, modified)
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror or type(e).__name__}.", "Name a file or folder.") from e


def _whole(read: Callable[[int], bytes]) -> IO[bytes]:
    """What can be read but once, within the bounds of a file."""
    body = read(archive.LIMITS.entry + 1)
    if len(body) > archive.LIMITS.entry:
        raise archive.RefusedError(f"it is larger than {archive.LIMITS.entry // 2**20} MiB")
    return io.BytesIO(body)


PIPE_SECONDS = 10.0


def _read_pipe(place: Path, size: int) -> bytes:
    """What somebody writes to a pipe or a device, at most so much.

    Raises:
        OSError: where nobody writes for so long: to open it in the usual way would wait for ever.
    """
    chunks: list[bytes] = []
    handle = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        while size > 0:
            if not select.select([handle], [], [], PIPE_SECONDS)[0]:
                raise TimeoutError(errno.ETIMEDOUT, f"nobody wrote to it for {PIPE_SECONDS:.0f} s")
            chunk = os.read(handle, min(size, 2**20))
            if not chunk:
                break
            chunks.append(chunk)
            size -= len(chunk)
    finally:
        os.close(handle)
    return b"".join(chunks)


def _of_stream(stream: IO[bytes], name: str, modified: datetime | None) -> Reader:
    if not archive.is_tar(stream):
        return dump.of_file(archive.text_of(stream), name, modified)
    ours = any(m.name == MANIFEST for m in archive.members(stream))
    stream.seek(0)
    if ours:
        return loads(stream, name).reader()
    return dump.of_archive(stream, name, modified)
