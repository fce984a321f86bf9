"""A long video in few words: walked in segments, each asked what came and went. All but walker and segments is pure."""
