"""What a `data` block may say: its source, its columns, and how they are cut and scaled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from . import settings
from .closed import Setting
from .series import SERIES
from .values import count

# Far above any series that is windowed and trained on; the language's own limit of an array.
_MOST_POINTS = 10_000_000


@dataclass(frozen=True, slots=True)
class Pick:
    """A column of the source; row t of it is the source's row t + `shift`."""

    key: str | int
    shift: int
    setting: Setting


@dataclass(frozen=True, slots=True)
class Cut:
    """`window` None: the whole series is one window. `split`: two or three shares."""

    window: int | None
    stride: int
    split: tuple[float, ...] | None


# --- sources --------------------------------------------------------------------------------------


def path(source: Setting) -> str:
    """The path of `csv(…)` or `npz(…)`. Raises CompileError."""
    example = f'{source.call}("data.{source.call}")'
    given = settings.arguments(source, ["path"], ["path"], example)["path"]
    return settings.text(given, "the path of a file")


def series(source: Setting) -> tuple[str, dict[str, float]]:
    """The generator that `series.NAME(…)` names, and the arguments given. Raises CompileError."""
    name = (source.call or "").removeprefix("series.")
    if name not in SERIES:
        settings.fail(
            settings.WRONG_ARGUMENT,
            f"there is no generator `series.{name}`",
            source,
            "unknown series",
            settings.suggestion(name, SERIES),
        )
    defaults = SERIES[name].arguments
    values: dict[str, float] = {}
    for key, setting in settings.arguments(source, defaults).items():
        what = f"`{key}` of `series.{name}`"
        if not isinstance(defaults[key], int):
            values[key] = settings.number(setting, what)
            continue
        values[key] = settings.whole(setting, what, 1 if key == "points" else None)
        if key == "points" and values[key] > _MOST_POINTS:
            settings.fail(
                settings.WRONG_VALUE, f"a series has at most {_MOST_POINTS:,} points", setting
            )
    return name, values


def check_source(source: Setting) -> None:
    """Raises CompileError for wrong arguments of a source."""
    if source.call in ("csv", "npz"):
        path(source)
    else:
        series(source)


# --- columns --------------------------------------------------------------------------------------


def picks(setting: Setting, shift: int = 0) -> Iterator[Pick]:
    """The columns that a binding of an input or target takes. Raises CompileError."""
    match setting:
        case Setting(value=tuple(items)) if items:
            for item in items:
                yield from picks(item, shift)
        case Setting(call="column"):
            key = settings.arguments(setting, ["name"], ["name"])["name"]
            if isinstance(key.value, bool) or not isinstance(key.value, str | int):
                settings.fail(
                    settings.WRONG_VALUE,
                    "a column is given by its name, or by its number from 0",
                    key,
                    f"found {settings.describe(key)}",
                    f'a name stands in quotes: `column("{key.call}")`' if key.call else "",
                )
            if isinstance(key.value, int) and key.value < 0:
                settings.fail(
                    settings.WRONG_VALUE, "columns are numbered from 0", key, f"found {key.value}"
                )
            yield Pick(key.value, shift, setting)
        case Setting(call="shift"):
            given = settings.arguments(
                setting, ["column", "steps"], ["column", "steps"], 'shift(column("…"), 1)'
            )
            steps = settings.whole(given["steps"], "the number of steps")
            yield from picks(given["column"], shift + steps)
        case _:
            name = setting.value if isinstance(setting.value, str) else setting.call
            settings.fail(
                settings.WRONG_VALUE,
                "an input or target takes `column(…)`, `shift(column(…), k)` or a list of them",
                setting,
                f"found {settings.describe(setting)}",
                _meant(setting, name),
            )


def _meant(setting: Setting, name: str | None) -> str:
    near = settings.suggestion(setting.call or "", ("column", "shift"))
    if setting.args and near.startswith("did you mean"):
        return near
    return f'write `column("{name}")`' if name else ""


def check_column(source: Setting, setting: Setting, width: int | None = None) -> None:
    """Raises CompileError for a wrong binding, a column that a generated series has not, or another

    number of columns than the `width` of what they are bound to.
    """
    found = list(picks(setting))
    if width is not None and source.call != "npz" and len(found) != width:
        settings.fail(
            settings.WRONG_VALUE,
            f"{count(width, 'column')} wanted, and {len(found)} given",
            setting,
            "one column for each component",
            "list them: `[column(…), column(…)]`" if len(found) < width else "",
        )
    for pick in found:
        name = (source.call or "").removeprefix("series.")
        if name not in SERIES or pick.key in SERIES[name].columns:
            continue
        if isinstance(pick.key, int) and pick.key < len(SERIES[name].columns):
            continue
        settings.fail(
            settings.WRONG_VALUE,
            f"`series.{name}` has no column `{pick.key}`",
            pick.setting,
            "unknown column",
            settings.suggestion(str(pick.key), SERIES[name].columns),
        )


# --- options --------------------------------------------------------------------------------------


def cut(options: Mapping[str, Setting]) -> Cut:
    """The options `window`, `stride` and `split`. Raises CompileError."""
    window = stride = None
    if "window" in options:
        window = settings.whole(options["window"], "`window`", 1)
    if "stride" in options:
        stride = settings.whole(options["stride"], "`stride`", 1)
        if window is None:
            settings.fail(
                settings.WRONG_VALUE,
                "`stride` without `window`",
                options["stride"],
                "there is only one window",
                "add `window = …;`",
            )
    return Cut(window, stride or 1, _split(options.get("split")))


def check_length(source: Setting, window: Setting) -> None:
    """Raises CompileError for a window that is longer than a generated series."""
    name = (source.call or "").removeprefix("series.")
    if name not in SERIES or "points" not in SERIES[name].arguments:
        return
    points = series(source)[1].get("points", SERIES[name].arguments["points"])
    if isinstance(window.value, int) and window.value > points:
        settings.fail(
            settings.WRONG_VALUE,
            f"a window of {window.value} steps, and a series of {points:g} points",
            window,
            "longer than the series",
            f"give the series more: `points = {10 * window.value}`",
        )


def _split(setting: Setting | None) -> tuple[float, ...] | None:
    if setting is None:
        return None
    items = setting.value if isinstance(setting.value, tuple) else ()
    if len(items) not in (2, 3):
        share = setting.value
        rest = f"{1 - share:g}" if isinstance(share, float) and 0 < share < 1 else ""
        settings.fail(
            settings.WRONG_VALUE,
            "`split` has two shares (train, test) or three (train, validation, test)",
            setting,
            f"found {settings.describe(setting)}",
            f"write `({share}, {rest})`" if rest else "",
        )
    shares = tuple(settings.number(s, "a share of `split`", 0.0, 1.0) for s in items)
    if abs(sum(shares) - 1) > 1e-6:
        settings.fail(
            settings.WRONG_VALUE,
            "the shares of `split` add up to 1",
            setting,
            f"they add up to {sum(shares):g}",
        )
    return shares


def scale(options: Mapping[str, Setting]) -> tuple[str, float, float] | None:
    """The option `scale`: "minmax" with its ends, or "standard". Raises CompileError."""
    setting = options.get("scale")
    if setting is None:
        return None
    match setting.call:
        case "minmax":
            given = settings.arguments(setting, ["low", "high"])
            low = settings.number(given["low"], "the lower end") if "low" in given else 0.0
            high = settings.number(given["high"], "the upper end") if "high" in given else 1.0
            if low >= high:
                settings.fail(
                    settings.WRONG_VALUE,
                    "the lower end is below the upper end",
                    setting,
                    f"{low:g} is not below {high:g}",
                )
            return "minmax", low, high
        case "standard":
            settings.arguments(setting, [])
            return "standard", 0.0, 1.0
        case "none":
            settings.arguments(setting, [])
            return None
    settings.fail(
        settings.WRONG_VALUE,
        "`scale` is `minmax(low, high)`, `standard()` or `none`",
        setting,
        f"found {settings.describe(setting)}",
        _scale_meant(setting),
    )


def _scale_meant(setting: Setting) -> str:
    known = ("minmax", "standard", "none")
    if setting.value in known:
        return f"without quotes: `{setting.value}`"
    near = settings.suggestion(setting.call or "", known)
    return near if near.startswith("did you mean") else ""


def shuffle(options: Mapping[str, Setting]) -> bool | None:
    """The option `shuffle`; None where the block does not say. Raises CompileError."""
    return settings.switch(options["shuffle"], "`shuffle`") if "shuffle" in options else None
