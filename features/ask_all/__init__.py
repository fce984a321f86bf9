"""One question to several cameras: each answers for itself, and one answer is made of theirs."""
