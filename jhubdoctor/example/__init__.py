"""Example clusters as YAML: the healthy base on which the examples of notes build, and the demo."""
