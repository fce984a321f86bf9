"""How the commands talk to people and to programs, in English and in Chinese."""
