"""One room per command of the askcam program. Loaded only when its command is called."""
