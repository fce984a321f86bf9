"""What the model does. torch lives only here."""
