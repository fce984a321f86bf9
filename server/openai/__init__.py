"""OpenAI's protocols, each whole in a folder; beside them what they share."""
