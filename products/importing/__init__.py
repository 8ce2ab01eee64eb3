"""Imports a catalogue from a CSV file: read, mapped, validated, then written a batch at a time.

`reading` opens the file and names what is wrong with it; `own`, `shopify` and `mapping`
each turn its lines into drafts; `schema` validates a draft as strictly as the API does;
`batches` writes what is valid; `run` does it all."""
