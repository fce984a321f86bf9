"""The tokens of a front that runs for a test, and of the servers behind it, as both find them in their environments."""

VIEWER, ADMIN = "shard-viewer", "shard-admin"
SHARD = {"ASKCAM_TOKEN": VIEWER, "ASKCAM_ADMIN_TOKEN": ADMIN}
OF_SHARDS = {"ASKCAM_SHARD_TOKEN": VIEWER, "ASKCAM_SHARD_ADMIN_TOKEN": ADMIN}  # as a front shows them
FRONT = {"ASKCAM_TOKEN": "front-viewer", "ASKCAM_ADMIN_TOKEN": "front-admin", **OF_SHARDS}
