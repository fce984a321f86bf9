"""WS /v1/realtime: connections, and the sessions that outlive them."""
