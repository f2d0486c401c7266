"""How people reach the hub, and how the hub, the proxy and users' servers reach each other."""
