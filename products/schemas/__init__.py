"""What may come in: a schema per body or query string, a file per noun."""
