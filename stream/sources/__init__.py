"""Where pictures come from, one room per library, behind the interface in `base`."""
