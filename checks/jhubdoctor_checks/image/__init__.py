"""Images: pulling them, pulling them ahead of time, and what is wrong with their names."""
