"""Claims and volumes: what does not bind, attach, mount or last."""
