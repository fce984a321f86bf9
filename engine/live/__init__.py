"""The live backend: what frames decide is done before the question. docs/engine.md tells how."""
