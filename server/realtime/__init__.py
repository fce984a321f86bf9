"""One realtime connection as a state machine: client events in, effects out, no sockets."""
