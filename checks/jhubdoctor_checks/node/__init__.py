"""Nodes that cannot take or keep pods."""
