"""What Prometheus reads at the moment it scrapes: cameras, engine, evidence, desks, and what runs here."""
