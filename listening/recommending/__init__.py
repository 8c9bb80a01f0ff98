"""Lists of recommendations for listeners: policies, their shelves, and days that are published."""

from listening.recommending.inputs import Inputs, inputs
from listening.recommending.job import Recommended, on_processes, recommend
from listening.recommending.lists import Lists, ModelAnswer
from listening.recommending.looking_up import DayOfLists
from listening.recommending.people import Person, left_out, plays
from listening.recommending.picking import Filled
from listening.recommending.policies import Policy, Shelf
from listening.recommending.publishing import Published, newest, published, read
from listening.recommending.tracks import Tracks
from listening.recommending.work import Order

__all__ = [
    "DayOfLists",
    "Filled",
    "Inputs",
    "Lists",
    "ModelAnswer",
    "Order",
    "Person",
    "Policy",
    "Published",
    "Recommended",
    "Shelf",
    "Tracks",
    "audience",
    "blocklist",
    "inputs",
    "left_out",
    "newest",
    "on_processes",
    "online",
    "plays",
    "policies",
    "published",
    "publishing",
    "read",
    "recommend",
]
