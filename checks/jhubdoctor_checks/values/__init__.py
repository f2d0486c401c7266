"""Mistakes in values.yaml that can be seen before they hurt."""
