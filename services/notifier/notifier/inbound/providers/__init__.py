"""What providers that send our mail say of it: one module each, from its body to what we heard. Pure.

A module answers `reports(body)` and says in `mark(message_id)` which header makes the provider name our mail again.
"""
