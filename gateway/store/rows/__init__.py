"""The ports' rows on SQL: one class per kind of thing, statements beside the methods that run them."""
