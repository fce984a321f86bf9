"""How many keep events and notes for one front, and how far they count: other bounds are made of these."""

MOST_NAMED = 64  # servers that front.toml names
MOST_JOINED = 256  # that have joined, or were lost a short while ago; `max_shards` says how many of these
MOST_SOURCES = MOST_NAMED + MOST_JOINED + 1  # and the front itself, which has the events that were delivered to it

KEY_BITS = 20  # of a source's key in the front's ids
MAX_ID = 2**63 - 1  # of the front's: what a database has a place for
MAX_NUMBER = MAX_ID >> KEY_BITS  # of a source's own
