"""What every app needs and no app owns."""

__version__ = "1.0.0"  # the one place; CHANGELOG.md says what it brings
