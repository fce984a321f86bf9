"""Events brought to others: webhooks and push services, at least once, over restarts of either side."""
