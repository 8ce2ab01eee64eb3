"""What goes out: read-only, a file per noun."""
