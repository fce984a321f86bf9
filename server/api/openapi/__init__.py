"""GET /openapi.json: what every HTTP route takes and gives."""
