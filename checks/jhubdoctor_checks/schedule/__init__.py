"""Where pods go: taints, affinity, room, priorities, the user-scheduler."""
