"""The embedded default: a small trained model and a synthetic camera that knows the truth."""
