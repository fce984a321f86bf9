"""Tokens that are made and revoked while a server runs."""
