"""Lists of recommendations for listeners: policies, their shelves, and days that are published."""

from listening.recommending.job import Recommended, on_processes, recommend
from listening.recommending.policies import Policy, Shelf
from listening.recommending.publishing import Published, newest, published, read
from listening.recommending.work import Order

__all__ = [
    "Order",
    "Policy",
    "Published",
    "Recommended",
    "Shelf",
    "audience",
    "blocklist",
    "newest",
    "on_processes",
    "policies",
    "published",
    "read",
    "recommend",
]
