"""What words are, whatever they are about: which language, what they name, how they are searched for. Pure."""
