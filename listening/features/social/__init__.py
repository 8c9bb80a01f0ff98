"""The view `social_graph`: whom each listener follows, and how alike they listen."""

from listening.features.social.job import SocialBuilt, build

__all__ = ["SocialBuilt", "build", "leaving"]
