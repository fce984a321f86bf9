"""What is asked of the server besides answers, in plain HTTP: pages, cameras, health, login, kept answers."""
