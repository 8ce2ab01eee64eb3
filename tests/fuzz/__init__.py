"""The fuzz of the whole API: by its document, and by what no document can say. `make fuzz`
runs all of it.
"""
