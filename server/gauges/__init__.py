"""What Prometheus reads at the moment it scrapes: cameras, engine, evidence, and what runs here."""
