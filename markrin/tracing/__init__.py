"""`manage.py trace`: everything that is known of a request, an order or a mail, on one timeline.

`clues.Clues` is what the search has found out so far, `moment.Moment` a line of the answer.
An app joins by settings.HOOKS: `trace_find` adds to the clues what the given id means to
the app, `trace_tell` returns its moments."""
