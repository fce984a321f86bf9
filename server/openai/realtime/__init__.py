"""Realtime: a session as a state machine (client events in, effects out), and the websocket that carries it."""
