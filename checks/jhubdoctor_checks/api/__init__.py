"""What the API server serves and no longer serves, and what of the hub still asks for it."""
