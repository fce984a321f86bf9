"""Standing questions: watches, which turn on and off, and the events that tell of it."""
