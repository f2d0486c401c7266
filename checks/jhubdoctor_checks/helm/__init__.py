"""The Helm release: its state, its hooks, what it owns."""
