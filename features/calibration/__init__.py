"""How sure a watch is against how often it is right."""
