"""Which models people run, and what each would take on a machine: calculated, before anything of it is fetched."""
