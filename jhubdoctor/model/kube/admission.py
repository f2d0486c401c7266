"""Webhooks that may change or refuse what is created."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Object, Source, Struct
from jhubdoctor.model.kube.selectors import LabelSelector


class WebhookService(Struct):
    """clientConfig.service."""

    namespace: str = ""
    name: str = ""


class WebhookClient(Struct):
    """webhooks[].clientConfig."""

    service: WebhookService | None = None


class WebhookRule(Struct):
    """webhooks[].rules[]."""

    api_groups: list[str] = []
    resources: list[str] = []
    operations: list[str] = []


class Webhook(Struct):
    """webhooks[]."""

    name: str = ""
    failure_policy: str = ""
    client_config: WebhookClient = msgspec.field(default_factory=WebhookClient)
    rules: list[WebhookRule] = []
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    match_conditions: list[Source] = []


class WebhookConfiguration(Object):
    """A MutatingWebhookConfiguration or ValidatingWebhookConfiguration."""

    webhooks: list[Webhook] = []


class MutatingWebhookConfiguration(WebhookConfiguration):
    """Webhooks that may change what is created."""

    KIND: ClassVar[str] = "MutatingWebhookConfiguration"
    API_VERSION: ClassVar[str] = "admissionregistration.k8s.io/v1"


class ValidatingWebhookConfiguration(WebhookConfiguration):
    """Webhooks that may refuse what is created."""

    KIND: ClassVar[str] = "ValidatingWebhookConfiguration"
    API_VERSION: ClassVar[str] = "admissionregistration.k8s.io/v1"
