"""What is wrong with how the server was told to run."""


class ConfigError(Exception):
    """One clear line: the place (file and line, or flag), the value, the remedy. Holds no secrets. Exit code 2."""
