"""The past of a shop, read from its files: orders as Shopify's hooks would have told them, and nobody is told.

`export` reads the admin's CSV, `pages` saved pages of the API, `records` says what the orders show. Pure, but for the
lines of files that are passed in.
"""
