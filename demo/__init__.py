"""The demo shop: made-up products, customers and 90 days of trade, the same on every
machine for the same day.

`plan` says how much; `wardrobe` and `words` hold what things are called; `catalogue`,
`people`, `sales` and `reviews` make the rows; `pictures` draws; `load` writes it all by
COPY in one transaction."""
