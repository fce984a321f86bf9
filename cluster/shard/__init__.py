"""A server as the shard of a front: it joins, renews, and has the cameras that it is given."""
