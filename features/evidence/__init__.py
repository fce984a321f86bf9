"""What answers were given from, on disk: so that each can be looked at, checked and given again after a restart."""
