"""Kubernetes objects as small typed structs, a file a topic: the fields that facts and checks use, and no others.

They are decoded straight from the server's bytes. What is not a field here is never kept in memory, so it cannot reach
an output: environment values, Secret data and annotations that carry specs have no field on purpose.
Field names are those of the Kubernetes API reference (https://kubernetes.io/docs/reference/kubernetes-api/) in snake
case; units and meanings are the API's own.
"""
