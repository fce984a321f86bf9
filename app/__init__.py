"""The program: what is put together here, from which config, and how it is told to run. Nothing else knows it."""
