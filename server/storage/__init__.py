"""Files and databases: who writes, on which thread, and what is done when a disk is full or gone."""
