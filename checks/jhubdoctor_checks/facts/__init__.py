"""Facts that only checks of this pack use."""
