"""What answers a request: a class per URL, a method per verb."""
