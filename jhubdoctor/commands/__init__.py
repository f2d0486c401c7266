"""The commands: they parse, call and choose an exit code; what they do is elsewhere."""
