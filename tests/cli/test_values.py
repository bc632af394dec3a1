from __future__ import annotations

import pytest

from qrnnlang.cli.errors import CliError
from qrnnlang.cli.values import settings, value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("-3", -3),
        ("1_000", 1000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e-3", 1e-3),
        ("-2.5e3", -2500.0),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("ring", "ring"),
        ("nan", "nan"),
        ("", ""),
        ('"3"', "3"),
        ("'true'", "true"),
        ("a=b", "a=b"),
        ("1__0", "1__0"),
        ("٣", "٣"),
    ],
)
def test_value(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_settings() -> None:
    assert settings(["a=1", " b = x=y "]) == {"a": 1, "b": "x=y"}
    for wrong in (["a"], ["=1"], ["a b=1"], ["1=a"], ["a=1", "a=2"]):
        with pytest.raises(CliError) as caught:
            settings(wrong)
        assert caught.value.code == 2
