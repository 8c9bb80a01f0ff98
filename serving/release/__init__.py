"""Canary, promotion and rollback of versions, with a record of them."""
