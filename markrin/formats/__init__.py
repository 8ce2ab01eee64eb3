"""How the admin writes times, by language (settings.FORMAT_MODULE_PATH)."""
