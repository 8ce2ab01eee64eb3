"""What changes: a file per noun, a function per use case. Import the file, not this package."""
