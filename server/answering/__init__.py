"""The parts of an answer's way: turns with tools, what the model is told besides, what is heard, how fresh it is."""
