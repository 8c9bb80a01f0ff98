"""Fetches the run that the last build of a branch kept: `make kept-run`, in a workflow.

Of GitHub's artifacts of this name only one of the branch itself counts (a fork may call its branch
the same), and only with the digest that GitHub noted when it was uploaded. Where none is kept yet
nothing is written and the exit code is 0, since a first change has nothing to be compared with.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import pathlib
import sys
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

import requests

from schema import files
from schema.documents import DETAILS_FILE, METRICS_FILE
from schema.layout import PAGE_FILE, REPORT
from schema.rows import ROWS_FILE

#: Nothing else is unpacked.
KEPT: Final = tuple(f"{REPORT}/{n}" for n in (METRICS_FILE, DETAILS_FILE, ROWS_FILE, PAGE_FILE))
#: Bytes of a file at most; a zip archive may promise less than it holds.
LARGEST: Final = 512 * 2**20
_TIMEOUT: Final = 60.0


class NoRunError(RuntimeError):
    """What was kept cannot be had, or is not what was uploaded."""


def newest(artifacts: Sequence[Mapping[str, Any]], branch: str) -> Mapping[str, Any] | None:
    """The newest artifact of the repository's own branch that has not expired."""
    own = [
        artifact
        for artifact in artifacts
        if not artifact["expired"]
        and (run := artifact.get("workflow_run"))
        and run["head_branch"] == branch
        and run["head_repository_id"] == run["repository_id"]
    ]
    return max(own, key=lambda artifact: artifact["created_at"], default=None)


def fetch(api: str, repository: str, token: str, name: str, branch: str) -> bytes | None:
    """The archive of the newest artifact; None where none is kept.

    Raises:
        NoRunError: GitHub refuses, or the archive has another digest than was noted.
    """
    session = requests.Session()
    session.headers["Accept"] = "application/vnd.github+json"
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    found: list[Mapping[str, Any]] = []
    url: str | None = f"{api}/repos/{repository}/actions/artifacts?name={name}&per_page=100"
    while url:
        page = _get(session, url)
        found += page.json()["artifacts"]
        url = page.links.get("next", {}).get("url")
    artifact = newest(found, branch)
    if artifact is None:
        return None
    archive = _get(session, artifact["archive_download_url"]).content
    digest = f"sha256:{hashlib.sha256(archive).hexdigest()}"
    if digest != artifact.get("digest"):
        raise NoRunError(
            f"artifact {artifact['id']} of {repository} is {digest}, and was uploaded as "
            f"{artifact.get('digest')}: it is not taken."
        )
    return archive


def unpack(archive: bytes, into: pathlib.Path) -> list[str]:
    """Writes what a report consists of; returns the names.

    Raises:
        NoRunError: it is no archive, holds no metrics.json, or a file that is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            names = [name for name in KEPT if name in packed.namelist()]
            if KEPT[0] not in names:
                raise NoRunError(f"what was kept has no {KEPT[0]}.")
            for name in names:
                with packed.open(name) as file:
                    content = file.read(LARGEST + 1)
                if len(content) > LARGEST:
                    raise NoRunError(f"{name} has more than {LARGEST} bytes.")
                with files.replacing(into / name) as place:
                    place.write_bytes(content)
    except zipfile.BadZipFile as error:
        raise NoRunError(f"what was kept is no archive: {error}.") from error
    return names


def _get(session: requests.Session, url: str) -> requests.Response:
    try:
        answer = session.get(url, timeout=_TIMEOUT)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise NoRunError(f"GitHub does not give {url.partition('?')[0]}: {error}.") from error
    return answer


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=pathlib.Path, default=pathlib.Path("kept"))
    parser.add_argument("--name", default="segue-run", help="of the artifact")
    parser.add_argument("--branch", default="main")
    options = parser.parse_args(arguments)
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        print("GITHUB_REPOSITORY names no repository (OWNER/NAME).", file=sys.stderr)
        return 2
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    token = os.environ.get("GITHUB_TOKEN", "")
    try:
        archive = fetch(api, repository, token, options.name, options.branch)
        if archive is None:
            print(f"No {options.name} of {options.branch} is kept yet.", file=sys.stderr)
            return 0
        unpack(archive, options.into)
    except NoRunError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The run of {options.branch} lies in {options.into}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
