"""Lists of the shop's goods for other companies, in the form that each of them publishes."""
