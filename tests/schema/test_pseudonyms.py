from __future__ import annotations

import pathlib

import pytest

from schema.pseudonyms import SECRET_FILE_VARIABLE, SECRET_VARIABLE, Pseudonyms, SecretError

SECRET = b"0123456789abcdef0123456789abcdef"


def test_a_pseudonym_is_the_first_half_of_an_hmac() -> None:
    # openssl: printf ada | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    assert Pseudonyms(SECRET).of("ada") == "7f06173e229c19dd526caed61c2cfefa"


def test_another_account_or_secret_has_another_pseudonym() -> None:
    made = {
        Pseudonyms(SECRET).of("ada"),
        Pseudonyms(SECRET).of("Ada"),
        Pseudonyms(SECRET[::-1]).of("ada"),
        Pseudonyms(SECRET).of("ада"),
    }
    assert len(made) == 4


def test_the_secret_comes_from_the_environment_or_from_a_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    of_file = Pseudonyms.from_environment({SECRET_FILE_VARIABLE: str(tmp_path / "secret")})
    of_variable = Pseudonyms.from_environment({SECRET_VARIABLE: SECRET.decode()})
    assert of_file.of("ada") == of_variable.of("ada") == Pseudonyms(SECRET).of("ada")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set SEGUE_LISTENER_SECRET, or SEGUE_LISTENER_SECRET_FILE"),
        ({SECRET_VARIABLE: "  "}, "set SEGUE_LISTENER_SECRET"),
        ({SECRET_VARIABLE: "short"}, "has 5 bytes; 32 are the least"),
    ],
)
def test_no_secret_and_a_short_one_are_errors(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SecretError, match=message):
        Pseudonyms.from_environment(environment)
