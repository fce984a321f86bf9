"""Asking from elsewhere: the wire's types and an asynchronous client."""
