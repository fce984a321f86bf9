"""Cameras, watches and events over MQTT, as Home Assistant discovers them, and questions by it."""
