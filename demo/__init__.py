"""The demo shop: made-up products, customers and 90 days of trade. The same day gives the
same shop on every machine.

`plan` says how much there is. `catalogue_data` and `sample_texts` hold names and texts.
`catalogue`, `people`, `sales`, `visits` and `reviews` make the rows. `pictures` draws the
images by the outlines of `shapes` and `footwear`, and `gallery` stores them. `load` writes
everything in one transaction, through `row_writer`."""
