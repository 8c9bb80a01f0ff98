"""Packaging of Segue."""

import pathlib
import re

import setuptools

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (ROOT / "pipeline" / "__init__.py").read_text(encoding="utf-8")
).group(1)
REQUIREMENTS = [
    line.split("#")[0].strip()
    for line in (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    if line.split("#")[0].strip()
]
PACKAGES = (
    "pipeline",
    "gateway",
    "components",
    "models",
    "evaluation",
    "report",
    "serving",
    "demo",
    "listening",
    "sample",
    "schema",
)

setuptools.setup(
    name="segue-recommender",
    version=VERSION,
    description="Playlist continuation on TensorFlow Extended, from JSON to a served model",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,!=3.11.*,<3.13",
    packages=setuptools.find_packages(
        include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]
    ),
    package_data={
        **{name: ["py.typed"] for name in PACKAGES},
        "schema": ["*.pbtxt", "*.proto", "views/*.pbtxt", "json/*.json", "py.typed"],
        "report": ["templates/*", "py.typed"],
        "demo": ["static/*", "py.typed"],
    },
    install_requires=REQUIREMENTS,
    # TensorFlow's file system for s3://; the one that was built for TensorFlow 2.16.
    # Kafka's own client library, of which the wheel brings the C part.
    # MLflow's client, which speaks HTTP to a server of the same release.
    # What hears audio files.
    extras_require={
        "s3": ['tensorflow-io==0.37.1; python_version < "3.11"'],
        "kafka": ["confluent-kafka>=2.11,<3"],
        "mlflow": ["mlflow-skinny==3.17.2"],
        "audio": ["librosa>=0.11,<1"],
    },
    entry_points={"console_scripts": ["segue=pipeline.start:main"]},
    classifiers=[
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
