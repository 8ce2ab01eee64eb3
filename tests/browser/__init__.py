"""The storefront in a real browser, against the shop's own processes."""
