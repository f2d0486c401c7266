"""ConfigMaps and Secrets."""

from __future__ import annotations

from typing import ClassVar

from jhubdoctor.model.kube.meta import Object


class ConfigMap(Object):
    """A ConfigMap; `data` holds only what `jhubdoctor.privacy.objects` allows."""

    KIND: ClassVar[str] = "ConfigMap"

    data: dict[str, str] = {}


class Secret(Object):
    """A Secret. `data` is what `jhubdoctor.privacy.objects` leaves of it: never a credential.

    For the hub's Secret that is the key `values.yaml`, for a Helm release the key `release`, for a TLS Secret the
    public certificate; of every other key the name alone, with an empty value.
    """

    KIND: ClassVar[str] = "Secret"

    type: str = ""
    data: dict[str, str] = {}
