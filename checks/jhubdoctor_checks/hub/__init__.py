"""The hub itself: its process, its database, its rights, its proxy."""
