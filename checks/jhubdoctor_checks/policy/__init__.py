"""What the cluster forbids: quotas, limits, Pod Security, disruption budgets, webhooks."""
