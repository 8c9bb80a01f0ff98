from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zipfile

import pytest

from components.ingest.errors import IngestError
from components.ingest.finding import fingerprint, list_files, match_inputs, not_a_file
from components.ingest.reading import UnreadableFileError, read_slice

SLICE = {"info": {}, "playlists": [{"pid": 1}, {"pid": 2}]}

# No time in it: a test's name holds it, and every process must give it the same.
EMPTY = gzip.compress(b'{"playlists": []}', mtime=0)


def names(files):
    return [os.path.basename(file.name) for file in files]


def found_in(pattern):
    return match_inputs(str(pattern)).files


def test_a_directory_stands_for_its_slices_in_the_order_of_their_numbers(tmp_path):
    for name in ("mpd.slice.10000-10999.json", "mpd.slice.2000-2999.json.gz", "challenge.json"):
        (tmp_path / name).write_text("{}")
    found = found_in(tmp_path)
    assert names(found) == ["mpd.slice.2000-2999.json.gz", "mpd.slice.10000-10999.json"]
    assert found_in(f"{tmp_path}/") == [
        file._replace(path=f"{tmp_path}/{os.path.basename(file.path)}") for file in found
    ]


def test_a_directory_without_slices_stands_for_its_json(tmp_path):
    for name in ("b.json", "a.json.gz", "notes.txt"):
        (tmp_path / name).write_text("12")
    (tmp_path / "c").mkdir()
    found = found_in(tmp_path)
    assert names(found) == ["a.json.gz", "b.json"]
    assert [file.size for file in found] == [2, 2]
    assert found[0].modified == (tmp_path / "a.json.gz").stat().st_mtime


def test_a_file_and_a_pattern(tmp_path):
    odd = tmp_path / "data[1]"
    odd.mkdir()
    (odd / "x.json").write_text("")
    (odd / "y.txt").write_text("")
    assert names(found_in(odd / "x.json")) == ["x.json"]
    assert names(found_in(odd)) == ["x.json"]
    assert names(found_in(tmp_path / "*" / "?.txt")) == ["y.txt"]
    assert names(found_in(tmp_path / "**" / "*.json")) == ["x.json"]


@pytest.mark.parametrize("pattern", ["", "nothing", "*.json", "unknown://bucket/x"])
def test_no_match_is_an_error_that_names_the_pattern(tmp_path, monkeypatch, pattern):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IngestError) as error:
        match_inputs(pattern)
    assert repr(pattern) in str(error.value)


def test_listing_a_directory_that_is_not_there_gives_nothing(tmp_path):
    assert list_files(str(tmp_path / "none"), ["*"]) == []


@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_told_by_content(tmp_path, name, packed):
    content = json.dumps(SLICE).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert read_slice(str(tmp_path / name)) == SLICE["playlists"]


@pytest.mark.parametrize(
    "content",
    [
        '\ufeff{"playlists": [1]}'.encode(),
        b'{"playlists": [1], "x": NaN}',
        rb'{"playlists": [1], "x": "\ud83d"}',
        '{"playlists": [1]}'.encode("utf-16"),
    ],
)
def test_json_that_only_the_standard_library_takes(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    assert read_slice(str(tmp_path / "x.json")) == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (gzip.compress(b"\n", mtime=0), "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer: git lfs"),
        (b"/annex/objects/SHA256E-s12--00.json\n", "a git-annex pointer: git annex get"),
        (
            b'{"playlists": [1],\n "playlists": [2]}',
            "the key 'playlists' stands twice, in lines 1 and 2",
        ),
        (
            b'{"playlists": [{"name": "a", "b\\"{": {"name" :"x"}, "name": "c"}]}',
            "the key 'name' stands twice, in line 1, columns 17 and 53",
        ),
        (b"{", "not JSON: Expecting property name"),
        (b"\xff\xfe\xff", "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
        (b"[]", "a JSON array, not an object with 'playlists'"),
        (b'{"info": {}}', "the object has no 'playlists'"),
        (b'{"playlists": {}}', "'playlists' is a JSON object, not an array"),
        (EMPTY[:-9], "truncated gzip"),
        (b"\x1f\x8b" + b"\0" * 20, "damaged gzip: Unknown compression method"),
        (EMPTY[:-8] + b"\0" * 8, "damaged gzip: CRC check failed"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UnreadableFileError) as error:
        read_slice(str(tmp_path / "x.json"))
    assert str(error.value).startswith(message)


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"^missing$"):
        read_slice(str(tmp_path / "gone.json"))
    with pytest.raises(UnreadableFileError, match="cannot be opened: No such file"):
        read_slice(str(tmp_path / "gone.json"), pipes=True)


@pytest.mark.parametrize("blanks", ["", " ", "  ", "\t", "\n", "\r\n", " \t "])
@pytest.mark.parametrize("far", [0, 1 << 20])
def test_a_key_stands_twice_whatever_comes_before_its_colon(tmp_path, blanks, far):
    # A long title puts the second one where the first look at the content has ended.
    twice = f'{{"playlists": [{{"x": "{"." * far}", "name": "a", "name"{blanks}: "b"}}]}}'
    (tmp_path / "x.json").write_text(twice, newline="")
    with pytest.raises(UnreadableFileError, match="the key 'name' stands twice"):
        read_slice(str(tmp_path / "x.json"))
    (tmp_path / "x.json").write_text(twice.replace('"name": "a", ', ""), newline="")
    (found,) = read_slice(str(tmp_path / "x.json"))
    assert found["name"] == "b"


def test_a_title_that_looks_like_a_key_is_none(tmp_path):
    playlists = [{"name": 'x":', "n": {"name": 'y" :"name": 1'}}, {"name": '"name":'}]
    (tmp_path / "x.json").write_text(json.dumps({"playlists": playlists}))
    assert read_slice(str(tmp_path / "x.json")) == playlists


@pytest.mark.parametrize("given", ["the directory", "a pattern", "themselves"])
def test_what_has_a_slices_name_is_an_input_whatever_it_is(tmp_path, given):
    (tmp_path / "mpd.slice.0-9.json").write_text("{}")
    (tmp_path / "mpd.slice.10-19.json").symlink_to("/nowhere/x.json")
    (tmp_path / "mpd.slice.20-29.json").mkdir()
    os.mkfifo(tmp_path / "mpd.slice.30-39.json")
    (tmp_path / "mpd.slice.40-49.json").symlink_to("mpd.slice.0-9.json")
    (tmp_path / "other").mkdir()
    patterns = {
        "the directory": [tmp_path],
        "a pattern": [tmp_path / "*"],
        "themselves": [path for path in sorted(tmp_path.iterdir()) if path.name != "other"],
    }
    if given == "themselves":  # a directory that is named is looked into
        patterns[given] = [path for path in patterns[given] if "20-29" not in path.name]
    files = [file for pattern in patterns[given] for file in found_in(pattern)]
    problems = [not_a_file(file.path) for file in files]
    expected = ["", "a link to /nowhere/x.json, which is missing", "a directory, not a file"]
    expected += ["a pipe, not a file", ""]
    if given == "themselves":
        del expected[2]
    assert problems == expected
    for file, problem in zip(files, problems, strict=True):
        if problem:
            assert fingerprint(file) == problem
            with pytest.raises(UnreadableFileError, match=problem):
                read_slice(file.path)


def test_a_gzip_that_would_fill_the_memory_is_not_unpacked(tmp_path):
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b" " * 2_000_000 + b'{"playlists": []}'))
    told = re.escape("more than 1 MiB of JSON (ingest.max_slice_mib)")
    with pytest.raises(UnreadableFileError, match=told):
        read_slice(str(tmp_path / "x.json.gz"), most=1 << 20)


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def md5(content):
    return hashlib.md5(content).hexdigest()


class TestTheDatasetAsItComes:
    SLICES = ("mpd.slice.0-999.json", "mpd.slice.1000-1999.json")
    BESIDE = ("README.md", "license.txt", "stats.txt", "src/check.py")

    def files(self):
        content = json.dumps(SLICE).encode()
        sums = "".join(f"{md5(content)}  data/{name}\n" for name in self.SLICES)
        return {
            **{f"data/{name}": content for name in self.SLICES},
            **dict.fromkeys(self.BESIDE, b"{}"),
            "md5sums": sums.encode(),
        }

    def unpack(self, folder, files):
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def read(self, file):
        return read_slice(file.path, file.member, file.md5)

    def test_its_top_folder(self, tmp_path):
        self.unpack(tmp_path, {**self.files(), "challenge_set.json": b"{}"})
        found = found_in(tmp_path)
        assert [file.name for file in found] == [f"{tmp_path}/data/{n}" for n in self.SLICES]
        assert [self.read(file) for file in found] == [SLICE["playlists"]] * 2

    @pytest.mark.parametrize("given", ["the archive", "its folder", "a pattern"])
    def test_its_zip(self, tmp_path, given):
        path = tmp_path / "spotify_million_playlist_dataset.zip"
        mac = {"__MACOSX/data/._mpd.slice.0-999.json": b"\0\5\x16\7"}
        zipped(path, {**self.files(), **mac})
        pattern = {"the archive": path, "its folder": tmp_path, "a pattern": tmp_path / "*.zip"}
        found = match_inputs(str(pattern[given]))
        assert [file.name for file in found.files] == [f"{path}/data/{n}" for n in self.SLICES]
        assert [file.size for file in found.files] == [len(json.dumps(SLICE))] * 2
        assert found.macos_files == 1
        assert [self.read(file) for file in found.files] == [SLICE["playlists"]] * 2

    def test_a_zip_of_an_object_store(self, tmp_path, object_store):
        path = zipped(tmp_path / "x.zip", self.files())
        object_store["mem://bucket/x.zip"] = path.read_bytes()
        for pattern in ("mem://bucket/x.zip", "mem://bucket"):
            found = found_in(pattern)
            assert [file.name for file in found] == [
                f"mem://bucket/x.zip/data/{name}" for name in self.SLICES
            ]
            assert all(file.md5 for file in found)
            assert self.read(found[0]) == SLICE["playlists"]

    @pytest.mark.parametrize("place", ["above", "beside", "in the archive", "in a store"])
    def test_a_slice_that_differs_from_its_checksum_cannot_be_read(
        self, tmp_path, object_store, place
    ):
        files = self.files()
        files[f"data/{self.SLICES[0]}"] = b'{"playlists": []}'
        if place == "beside":
            files["data/md5sums"] = files.pop("md5sums")
        if place == "in the archive":
            found = found_in(zipped(tmp_path / "x.zip", files))
        elif place == "in a store":
            object_store.update({f"mem://x/{name}": content for name, content in files.items()})
            found = found_in("mem://x")
        else:
            self.unpack(tmp_path, files)
            found = found_in(tmp_path / "data")
        with pytest.raises(UnreadableFileError, match="differs from its checksum in md5sums"):
            self.read(found[0])
        assert self.read(found[1]) == SLICE["playlists"]

    def test_checksums_hold_for_packed_and_unpacked_slices(self, tmp_path):
        content = json.dumps(SLICE).encode()
        packed = gzip.compress(content, mtime=0)
        (tmp_path / "a.json.gz").write_bytes(packed)
        (tmp_path / "b.json.gz").write_bytes(packed)
        (tmp_path / "c.json").write_bytes(content)
        (tmp_path / "md5sums").write_text(
            f"{md5(content)}  a.json\nx\n{md5(packed).upper()} *./b.json.gz\n"
        )
        found = found_in(tmp_path)
        assert [file.md5 for file in found] == [md5(content), md5(packed), ""]
        assert [self.read(file) for file in found] == [SLICE["playlists"]] * 3

    def test_checksums_of_other_files_are_not_taken_for_these(self, tmp_path):
        self.unpack(tmp_path, {"md5sums": b"0" * 32 + b"  x.json\n", "data/x.json": b"{}"})
        assert found_in(tmp_path / "data")[0].md5 == ""

    @pytest.mark.parametrize("given", ["the folder", "data", "the archive"])
    def test_slices_that_are_listed_and_missing_are_counted(self, tmp_path, given):
        files = self.files()
        lines = (b"0" * 32 + b"  %s\n" % name for name in (b"src/x.json", b"mpd.slice.9-9.json.gz"))
        files["md5sums"] += b"".join(lines)
        del files[f"data/{self.SLICES[0]}"]
        self.unpack(tmp_path, files)
        path = {
            "the folder": tmp_path,
            "data": tmp_path / "data",
            "the archive": zipped(tmp_path / "x.zip", files),
        }[given]
        assert match_inputs(str(path)).missing == 2
        whole = tmp_path / "data" / self.SLICES[1]
        assert match_inputs(str(whole)).missing == 0  # that is what was asked for
        assert match_inputs(f"{whole.parent}/*.json").missing == 0


@pytest.mark.parametrize("name", ["p [old]", "a*b", "what?", "[!x]", "{a,b}"])
def test_a_directory_whose_name_looks_like_a_pattern(tmp_path, name):
    folder = tmp_path / name / "x"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{}")
    (folder / "2.json").write_text("{}")
    both = [str(folder / "1.json"), str(folder / "2.json")]
    assert [file.path for file in found_in(folder)] == both
    assert [file.path for file in found_in(folder / "[12].json")] == both
    assert [file.path for file in found_in(tmp_path / name / "**" / "2*")] == both[1:]
    assert [file.path for file in found_in(folder / "1.json")] == both[:1]


def test_a_directory_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(IngestError) as caught:
        found_in(tmp_path)
    assert str(caught.value) == f"cannot look for '{tmp_path}': {tmp_path}: Permission denied"


def test_files_of_macos_are_left_out_and_counted(tmp_path):
    for name in ("a.json", "._a.json", "b.json.gz", "._b.json.gz", "._notes.txt"):
        (tmp_path / name).write_text("{}")
    found = match_inputs(str(tmp_path))
    assert names(found.files) == ["a.json", "b.json.gz"]
    assert found.macos_files == 2
    assert names(found_in(tmp_path / "._a.json")) == ["._a.json"], "asked for by its name"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-30], "damaged zip: File is not a zip file"),
        (lambda content: content.replace(b"PLAIN", b"OTHER"), "damaged zip: Bad CRC-32"),
    ],
)
def test_damaged_archives_are_inputs_that_cannot_be_read(tmp_path, damage, message):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", b'{"playlists": ["PLAIN"]}')
    path.write_bytes(damage(path.read_bytes()))
    (file,) = found_in(path)
    with pytest.raises(UnreadableFileError, match=message):
        read_slice(file.path, file.member)


def test_archives_without_slices_say_what_they_are(tmp_path):
    def fails(path, message):
        (file,) = found_in(path)
        with pytest.raises(UnreadableFileError, match=message):
            read_slice(file.path, file.member)

    fails(zipped(tmp_path / "x.zip", {"a.txt": b""}), "a zip archive without .json or .json.gz")
    other = (tmp_path / "x.zip").rename(tmp_path / "x.json")
    fails(other, r"a zip archive, whose name should end in \.zip")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.json"))
    (tmp_path / "y.tar.gz").write_bytes(packed.getvalue())
    fails(tmp_path / "y.tar.gz", "a tar archive; unpack it with tar -xf")
