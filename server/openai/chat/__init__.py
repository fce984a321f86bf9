"""POST /v1/chat/completions, in its parts."""
