"""Writes, reads, lists, moves and deletes in gs://BUCKET by each of the three clients.

Run in a process of its own, whose environment leads to a stand-in; prints what each saw.
"""

import json
import sys

import tensorflow as tf
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from google.api_core import exceptions
from google.cloud import storage

BIG = bytes(range(256)) * 40_000  # more than a part of any upload


def tensorflow(root):
    gfile = tf.io.gfile
    gfile.makedirs(f"{root}/folder")
    with gfile.GFile(f"{root}/folder/a b.txt", "wb") as file:
        file.write(BIG)
    with gfile.GFile(f"{root}/folder/a b.txt", "rb") as file:
        file.seek(300)
        middle = file.read(5)
    gfile.copy(f"{root}/folder/a b.txt", f"{root}/folder/copy")
    gfile.rename(f"{root}/folder/copy", f"{root}/moved", overwrite=True)
    seen = {
        "middle": list(middle),
        "listed": sorted(gfile.listdir(root)),
        "globbed": [path.removeprefix(root) for path in gfile.glob(f"{root}/*/*.txt")],
        "size": gfile.stat(f"{root}/moved").length,
        "isdir": gfile.isdir(f"{root}/folder"),
        "missing": gfile.exists(f"{root}/none"),
    }
    gfile.rmtree(root)
    return {**seen, "left": gfile.exists(root)}


def beam(root):
    def write(name, data):
        path = f"{root}/{name}"
        with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            file.write(data)

    write("x/1.bin", BIG)
    write("x/2.bin", b"")
    with FileSystems.open(f"{root}/x/1.bin", compression_type="uncompressed") as file:
        whole = file.read() == BIG
    FileSystems.rename([f"{root}/x/1.bin", f"{root}/x/2.bin"], [f"{root}/1", f"{root}/2"])
    (match,) = FileSystems.match([f"{root}/*"])
    seen = {
        "whole": whole,
        "sizes": {file.path.removeprefix(root): file.size_in_bytes for file in match.metadata_list},
        "checksum": bool(FileSystems.checksum(f"{root}/1")),
    }
    FileSystems.delete([f"{root}/1", f"{root}/2"])
    return {**seen, "left": FileSystems.exists(f"{root}/1")}


def google(root):
    client = storage.Client()
    bucket_name, _, folder = root.removeprefix("gs://").partition("/")
    bucket = client.bucket(bucket_name)
    for number in range(5):
        bucket.blob(f"{folder}/{number}").upload_from_string(BIG if number else b"")
    names = [blob.name.removeprefix(folder) for blob in client.list_blobs(bucket, prefix=folder)]
    part = bucket.blob(f"{folder}/1").download_as_bytes(start=255, end=257)
    try:
        client.bucket("no-such-bucket").blob("x").upload_from_string(b"")
        refused = False
    except exceptions.NotFound:
        refused = True
    return {"names": names, "part": list(part), "refused": refused}


if __name__ == "__main__":
    place = sys.argv[1]
    print(
        json.dumps(
            {each.__name__: each(f"{place}/{each.__name__}") for each in (tensorflow, beam, google)}
        )
    )
