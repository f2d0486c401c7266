"""Why an image cannot be pulled: which text of the kubelet tells, and how much of it."""

from __future__ import annotations

import re

from jhubdoctor_checks.facts.image import FailedPull
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.registry import OTHER, PULLS

PASSING = frozenset({"kubelet-limit"})

# Reasons of a container's status that tell by themselves, and those that do where no text does (kubelet 1.20 to 1.36).
_BY_REASON = {
    "ErrImageNeverPull": "never",
    "InvalidImageName": "invalid-name",
    "SignatureValidationFailed": "signature",
    "RegistryUnavailable": "unreachable",
}
_LAST = {"ImageInspectError": "unpack"}
_QUOTED_NAME = r'\\?"[^"\s]*[/:][^"\s]*\\?"'
_FROZEN = r"^(?:k8s\.gcr\.io|gcr\.io/google[_-]containers)/"


def cause_of(pull: FailedPull) -> Known[None]:
    """The class of a failed pull. Names and addresses are taken out first: a tag may be called `unauthorized-429`."""
    text = re.sub(_QUOTED_NAME, "NAME", pull.text)
    for part in filter(None, (pull.image, pull.image.rpartition(":")[0], host(pull.image))):
        text = re.sub(rf"(?<![\w.-]){re.escape(part)}(?![\w-])", "NAME", text)
    return _word(_BY_REASON.get(pull.reason)) or known(PULLS, text) or _word(_LAST.get(pull.reason)) or OTHER


def _word(word: str | None) -> Known[None] | None:
    return next((r for r in PULLS if r.word == word), None)


def host(image: str) -> str:
    """The registry of an image: the first part of its name where that is a host, else Docker Hub.

    Source: https://pkg.go.dev/github.com/distribution/reference (splitDockerDomain).
    """
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"


def frozen(image: str) -> bool:
    """Whether it is of a registry that gets no new images: k8s.gcr.io since 2023-04-03, and its former name.

    Source: https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/.
    """
    return bool(re.match(_FROZEN, image))


_WRAPPED = r"(?i).*(?:failed to (?:pull and unpack image|resolve reference|pull image)) \\?\"[^\"]*\": "


def essence(text: str, limit: int = 260) -> str:
    """The end of what the kubelet says, without the layers that repeat the image's name."""
    short = re.sub(_WRAPPED, "", text).strip() or text
    return short if len(short) <= limit else "…" + short[-limit:]
