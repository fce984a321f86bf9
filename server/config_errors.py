"""What is wrong with how the server was told to run, and what the user can mend."""


class Mendable(Exception):
    """One clear line, which says what is wrong and how the user mends it. Holds no secrets."""


class ConfigError(Mendable):
    """It names the place (file and line, or flag), the value, the remedy."""


class CannotOpen(Mendable):
    """What a feature keeps cannot be kept: a folder, a file. The message names it and the remedy."""
