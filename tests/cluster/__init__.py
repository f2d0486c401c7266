"""Tests against a real Kubernetes control plane on loopback, with a real Helm and no container engine."""
