"""A model of the hub comes into the hub's own cache: resumed where it broke off, and compared with what is promised."""
