"""Kinds of others that are read where they are served: Karpenter's, cert-manager's."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Condition, Object, Struct, condition_of


class Conditions(Struct):
    """status of what says how it is in conditions alone."""

    conditions: list[Condition] = []


class _Conditioned(Object):
    status: Conditions = msgspec.field(default_factory=Conditions)

    def condition(self, kind: str) -> Condition | None:
        """One of its conditions."""
        return condition_of(self.status.conditions, kind)


class NodePool(_Conditioned):
    """What Karpenter may make nodes of."""

    KIND: ClassVar[str] = "NodePool"
    API_VERSION: ClassVar[str] = "karpenter.sh/v1"


class NodeClaim(_Conditioned):
    """A machine that Karpenter asked the cloud for."""

    KIND: ClassVar[str] = "NodeClaim"
    API_VERSION: ClassVar[str] = "karpenter.sh/v1"


class CertificateSpec(Struct):
    """spec of a Certificate."""

    secret_name: str = ""


class Certificate(_Conditioned):
    """A certificate that cert-manager is to get, and to keep in a Secret."""

    KIND: ClassVar[str] = "Certificate"
    API_VERSION: ClassVar[str] = "cert-manager.io/v1"

    spec: CertificateSpec = msgspec.field(default_factory=CertificateSpec)


class ChallengeSpec(Struct):
    """spec of a Challenge."""

    dns_name: str = ""
    type: str = ""


class ChallengeStatus(Struct):
    """status of a Challenge."""

    state: str = ""
    message: str = msgspec.field(default="", name="reason")
    """A sentence, unlike the reasons of others."""


class Challenge(Object):
    """What an ACME server wants proved before it gives a certificate for a name."""

    KIND: ClassVar[str] = "Challenge"
    API_VERSION: ClassVar[str] = "acme.cert-manager.io/v1"

    spec: ChallengeSpec = msgspec.field(default_factory=ChallengeSpec)
    status: ChallengeStatus = msgspec.field(default_factory=ChallengeStatus)
