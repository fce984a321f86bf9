"""Commands with commands of their own: their flags. Each is built when its language is known."""
