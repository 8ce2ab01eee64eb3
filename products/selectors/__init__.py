"""What is read of the catalogue: a function per answer, a file per noun."""
