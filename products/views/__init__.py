"""A class per URL, a short method per verb; a file per noun."""
