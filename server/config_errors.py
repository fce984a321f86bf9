"""What is wrong with how the server was told to run, and what the user can mend."""


class ConfigError(Exception):
    """One clear line: the place (file and line, or flag), the value, the remedy. Holds no secrets. Exit code 2."""


class CannotOpen(Exception):
    """What a feature keeps cannot be kept: a folder, a file. The message names it and the remedy."""
