"""What changes in the catalogue: a file per noun, a function per use case."""
