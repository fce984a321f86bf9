"""/v1/responses, in its parts."""
