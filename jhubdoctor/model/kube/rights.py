"""Service accounts, roles and their bindings."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from jhubdoctor.model.kube.meta import Object, Struct


class ServiceAccount(Object):
    """A ServiceAccount: that it is there."""

    KIND: ClassVar[str] = "ServiceAccount"


class PolicyRuleRBAC(Struct):
    """rules[] of a Role or ClusterRole."""

    api_groups: list[str] = []
    resources: list[str] = []
    verbs: list[str] = []
    resource_names: list[str] = []


class Role(Object):
    """A Role."""

    KIND: ClassVar[str] = "Role"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    rules: list[PolicyRuleRBAC] = []


class ClusterRole(Object):
    """A ClusterRole."""

    KIND: ClassVar[str] = "ClusterRole"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    rules: list[PolicyRuleRBAC] = []


class RoleRef(Struct):
    """roleRef."""

    kind: str = ""
    name: str = ""


class Subject(Struct):
    """subjects[]."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class RoleBinding(Object):
    """A RoleBinding."""

    KIND: ClassVar[str] = "RoleBinding"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    role_ref: RoleRef = msgspec.field(default_factory=RoleRef)
    subjects: list[Subject] = []


class ClusterRoleBinding(Object):
    """A ClusterRoleBinding."""

    KIND: ClassVar[str] = "ClusterRoleBinding"
    API_VERSION: ClassVar[str] = "rbac.authorization.k8s.io/v1"

    subjects: list[Subject] = []
