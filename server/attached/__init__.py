"""Pictures and clips that come inside messages, checked before they cost anything."""
