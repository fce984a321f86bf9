"""Who asked what of which camera, who looked at which picture, who changed what, in a chain of lines."""
