"""Product desks: codes are read as frames arrive, looked up, and told to the model as facts."""
