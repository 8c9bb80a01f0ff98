"""Images without a registry or a daemon: base images made here, built upon and run by buildah.

The base of Python is Debian's own packages with the Python that runs the tests; that of Beam holds
its boot program, built from its sources. They stand in for `python:3.10-slim-bookworm` and
`apache/beam_python3.10_sdk`; what is built upon them is the project's own Dockerfile.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

BEAM_BOOT: Final = "github.com/apache/beam/sdks/v2/python/container"
_SUITE: Final = "bookworm"
#: What `python:3.10-slim-bookworm` has of Debian beside what every Debian has.
_PACKAGES: Final = (
    *("ca-certificates", "netbase", "tzdata", "zlib1g", "libuuid1", "libncursesw6"),
    *("libffi8", "libssl3", "libsqlite3-0", "libreadline8", "libbz2-1.0", "liblzma5", "libexpat1"),
)
_LEFT_OUT: Final = ("test", "site-packages", "__pycache__", "config-3*", "idlelib", "tkinter")
# By its own name a container finds itself, as with other engines; Beam's job service goes by it.
_RUN: Final = ("buildah", "run", "--isolation=chroot", "--hostname=localhost")
_PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


class Images:
    """Images in a storage of their own.

    Args:
        folder: where storage and temporary files go, some 10 GB; `clear` empties it.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        temporary = folder / "tmp"
        temporary.mkdir(parents=True)
        places = {"graphroot": folder / "images", "runroot": folder / "run"}
        lines = [f'{name} = "{path}"' for name, path in places.items()]
        settings = folder / "storage.conf"
        settings.write_text("\n".join(["[storage]", 'driver = "overlay"', *lines, ""]))
        #: Of every command that is to see these images.
        self.environment: dict[str, str] = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(settings),
            "TMPDIR": str(temporary),
        }

    def clear(self) -> None:
        """Removes all images, containers and files."""
        for words in (("unmount", "--all"), ("rm", "--all"), ("rmi", "--all", "--force")):
            subprocess.run(
                ["buildah", *words], env=self.environment, capture_output=True, check=False
            )
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, *words: object) -> str:
        """Runs buildah; returns what it prints."""
        return _checked(["buildah", *map(str, words)], env=self.environment).strip()

    def config(self, image: str) -> dict[str, Any]:
        """What an image says of itself: User, Env, Entrypoint, ..."""
        return json.loads(self.call("inspect", "--type", "image", image))["OCIv1"]["config"]

    def size(self, image: str) -> int:
        """Bytes of its layers, not compressed."""
        (found,) = json.loads(self.call("images", "--json", image))
        number, unit = found["size"].split()
        return int(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """A new container of an image, for as long as it is needed."""
        name = self.call("from", "--pull-never", image)
        try:
            yield name
        finally:
            self.call("rm", name)

    def command(
        self,
        container: str,
        *words: object,
        volumes: Mapping[pathlib.Path, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> list[str]:
        """The command that runs `words` in a container, as its user."""
        given = [f"--volume={here}:{there}" for here, there in (volumes or {}).items()]
        given += [f"--env={name}={value}" for name, value in (environment or {}).items()]
        return [*_RUN, *given, container, "--", *map(str, words)]

    def run(
        self, image: str, *words: object, volumes: Mapping[pathlib.Path, str] | None = None
    ) -> tuple[int, str]:
        """Runs `words` in a new container; returns exit code and what was printed."""
        with self.container(image) as container:
            done = subprocess.run(
                self.command(container, *words, volumes=volumes),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout

    @contextmanager
    def running(
        self,
        image: str,
        *words: object,
        log: IO[str],
        volumes: Mapping[pathlib.Path, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """`words` in a new container, which is ended at the end."""
        with self.container(image) as container:
            process = subprocess.Popen(
                self.command(container, *words, volumes=volumes, environment=environment),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                _end(process)

    def fetched(self) -> pathlib.Path | None:
        """A cache for uv of the packages that were fetched here, but not of what was compiled."""
        theirs = pathlib.Path(os.environ.get("UV_CACHE_DIR") or "~/.cache/uv").expanduser()
        ours = self._folder / "uv"
        if not ours.exists():
            linked = subprocess.run(
                ["cp", "--archive", "--link", theirs, ours], capture_output=True, check=False
            )
            if linked.returncode:
                shutil.rmtree(ours, ignore_errors=True)
                return None
            for compiled in ours.glob("sdists-*"):
                shutil.rmtree(compiled)
        return ours

    def add_python(self, image: str) -> None:
        """Makes the base image of Python."""
        archive, files = self._folder / "debian.tar", self._folder / "python"
        packages = ",".join(_PACKAGES)
        excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man")]
        _checked(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}"),
                *(*excluded, _SUITE, str(archive), *_mirror()),
            ]
        )
        _copy_python(files)
        with self.container("scratch") as container:
            self.call("add", "--quiet", container, archive, "/")
            self.call("copy", "--quiet", container, files, "/usr/local")
            self.call("run", "--isolation=chroot", container, "--", "ldconfig")
            self.call("config", f"--env=PATH={_PATH}", container)
            self.call("commit", "--quiet", container, image)
        archive.unlink()

    def add_beam(self, image: str, version: str) -> None:
        """Makes the base image of Beam, with the boot program of a version of it."""
        folder = self._folder / "beam"
        there = folder / "opt" / "apache" / "beam"
        there.mkdir(parents=True)
        environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
        _checked(["go", "install", "-ldflags=-s -w", f"{BEAM_BOOT}@v{version}"], env=environment)
        (folder / "container").rename(there / "boot")
        for name in ("LICENSE", "NOTICE"):
            (there / name).write_text("Apache Beam\n")
        with self.container("scratch") as container:
            self.call("copy", "--quiet", container, folder, "/")
            self.call("commit", "--quiet", container, image)


def _copy_python(files: pathlib.Path) -> None:
    """Copies the Python that runs this, without what was installed into it."""
    prefix, name = pathlib.Path(sys.base_prefix), f"python{sys.version_info[0]}.10"
    (files / "bin").mkdir(parents=True)
    shutil.copy(prefix / "bin" / name, files / "bin")
    shutil.copytree(prefix / "include" / name, files / "include" / name)
    for link in ("python", "python3"):
        (files / "bin" / link).symlink_to(name)
    library = files / "lib" / name
    shutil.copytree(
        prefix / "lib" / name, library, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT)
    )
    (library / "site-packages").mkdir()
    for shared in (prefix / "lib").glob("libpython3*.so*"):
        shutil.copy(shared, files / "lib", follow_symlinks=False)


def _mirror() -> list[str]:
    """Where this machine has Debian's packages from, if it is of the same release; else nothing."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in told.stdout.splitlines():
        codename, _, place = line.partition(" ")
        if codename == _SUITE and place.rstrip("/").endswith("/debian"):
            return [place]
    return []


def _checked(words: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def _end(process: subprocess.Popen[str]) -> None:
    for send in (process.terminate, process.kill):
        send()
        try:
            process.wait(20)
            return
        except subprocess.TimeoutExpired:
            continue
