"""What logged requests may be like before `segue skew` calls it an alarm."""

from __future__ import annotations

from typing import Annotated

import pydantic

from schema.options import Count, Options, Share

# A divergence of Jensen and Shannon, of base 2, is from 0 to 1 as a share is.
_Limit = Share | None
_Change = Annotated[float, pydantic.Field(ge=0, le=100)] | None
_Days = Annotated[float, pydantic.Field(gt=0, le=36_500)] | None


class SkewOptions(Options):
    """Limits of what `segue skew` finds in a request log; null: shown, and never an alarm."""

    min_playlists: Count = pydantic.Field(
        100, description="with fewer logged playlists, or fewer in a period, nothing is an alarm"
    )
    unknown_seeds: _Limit = pydantic.Field(
        0.1, description="share of the logged tracks that the model does not know"
    )
    empty_answers: _Limit = pydantic.Field(
        0.01, description="share of the logged playlists that got no track"
    )
    broken_records: _Limit = pydantic.Field(
        0.01, description="share of the log's records that cannot be read"
    )
    stale_answers: _Limit = pydantic.Field(
        0.5,
        description="share of the answers since the last release that come from a version which is "
        "not served now",
    )
    max_age_days: _Days = pydantic.Field(
        30.0, description="age in days at which a version that answers is old, by its number"
    )
    old_answers: _Limit = pydantic.Field(
        0.0, description="share of answers that come from a version that is older than that"
    )
    missing_titles: _Limit = pydantic.Field(
        0.5, description="share of the logged playlists without a title"
    )
    title_length: _Change = pydantic.Field(
        0.5, description="change of the titles' mean length against train's, as a share of that"
    )
    skew_tracks: _Limit = pydantic.Field(
        0.05, description="largest change of one track's share against train (L-infinity)"
    )
    skew_titles: _Limit = pydantic.Field(
        0.05, description="largest change of one title's share against train (L-infinity)"
    )
    skew_seeds: _Limit = pydantic.Field(
        None,
        description="Jensen-Shannon divergence of the number of tracks from train's; requests "
        "mostly have fewer",
    )
    drift_tracks: _Limit = pydantic.Field(
        0.05, description="largest change of one track's share since the earlier period"
    )
    drift_titles: _Limit = pydantic.Field(
        0.05, description="largest change of one title's share since the earlier period"
    )
    drift_seeds: _Limit = pydantic.Field(
        0.3, description="divergence of the number of tracks from the earlier period's"
    )
    drift_title_length: _Limit = pydantic.Field(
        0.3, description="divergence of the length of titles from the earlier period's"
    )
