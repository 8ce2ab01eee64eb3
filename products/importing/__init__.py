"""Imports a catalogue from a CSV file: read, mapped, validated, then written a batch at a time.

`native_csv`, `shopify`, `woocommerce` and `mapping` each turn a file's lines into drafts;
`grouping` brings the lines of a product together; `schemas` and `validation` read a draft as
strictly as the API does; `merging` decides what it changes of a product that is there;
`batch_writer` writes what is valid; `importer` does it all."""
