"""What askcam does besides answering, a folder for each; app/features.py is the list of them."""
