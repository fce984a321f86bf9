"""Still pictures from outside: what they are and cost, by their headers, and then their pixels."""
