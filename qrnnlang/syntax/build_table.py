"""Generate `table.json` from `grammar/qrnn.lark`: `python -m qrnnlang.syntax.build_table`.

Lark builds the table here, once, and is not needed to parse: loading Lark and building the table
at every start costs 0.7 s, reading the plain JSON a few milliseconds. The bytes depend on the
grammar alone, so a test can compare the stored table with a fresh one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
# Beside the package in a checkout, inside it in an installed wheel.
_PLACES = (_PACKAGE.parent / "grammar" / "qrnn.lark", _PACKAGE / "grammar" / "qrnn.lark")
GRAMMAR = next((place for place in _PLACES if place.is_file()), _PLACES[0])
TABLE = Path(__file__).resolve().with_name("table.json")


def lark_table(grammar: str, strict: bool = False) -> Any:
    """The `Lark` object of a grammar text; with `strict` every conflict and collision raises."""
    from lark import Lark

    return Lark(grammar, parser="lalr", lexer="contextual", start="file", strict=strict)


def generate(grammar: str) -> str:
    """The text of `table.json` for a grammar.

    Symbols are numbered terminals first; an action `a >= 0` goes to state `a`, `a < 0` reduces
    rule `~a`. States are numbered breadth first, so that the numbering does not depend on hashing.
    """
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    lark = lark_table(grammar)
    parse_table = lark.parser.parser._parse_table
    literals = {
        t.name: t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)
    }
    patterns = {
        t.name: t.pattern.to_regexp()
        for t in lark.terminals
        if not isinstance(t.pattern, PatternStr) and t.name not in lark.ignore_tokens
    }
    nonterminals = sorted({rule.origin.name for rule in lark.rules})
    spelled = {**{name: name for name in patterns}, **literals, "$END": "$END"}
    terminals = ["$END", *sorted(patterns), *sorted(literals.values())]
    number = {text: k for k, text in enumerate(terminals)}
    number |= {name: k for k, name in enumerate(nonterminals, len(terminals))}

    def symbol(name: str) -> int:
        return number[spelled.get(name, name)]

    def rule_key(rule: Any) -> tuple[str, list[int]]:
        return rule.origin.name, [symbol(s.name) for s in rule.expansion]

    rules = sorted(lark.rules, key=rule_key)
    rule_number = {rule: k for k, rule in enumerate(rules)}
    old_start = parse_table.start_states["file"]
    order, accessing = [old_start], [-1]
    seen = {old_start}
    for state in order:
        row = parse_table.states[state]
        for name in sorted(row, key=symbol):
            action, argument = row[name]
            if action is Shift and argument not in seen:
                seen.add(argument)
                order.append(argument)
                accessing.append(symbol(name))
    new = {old: k for k, old in enumerate(order)}

    def encode(state: int) -> list[int]:
        row = parse_table.states[state]
        flat: list[int] = []
        for name in sorted(row, key=symbol):
            action, argument = row[name]
            flat += [symbol(name), new[argument] if action is Shift else ~rule_number[argument]]
        return flat

    rows = [encode(state) for state in order]
    distinct = sorted({tuple(row) for row in rows})
    index = {row: k for k, row in enumerate(distinct)}
    table: dict[str, Any] = {
        "terminals": terminals,
        "nonterminals": nonterminals,
        "patterns": dict(sorted(patterns.items())),
        "rules": [[symbol(r.origin.name), len(r.expansion), r.alias or ""] for r in rules],
        "accessing": accessing,
        "rows": [list(row) for row in distinct],
        "states": [index[tuple(row)] for row in rows],
        "accept": new[parse_table.end_states["file"]],
    }
    lines = []
    for key, value in table.items():
        if key in ("rules", "rows"):
            text = "[\n" + ",\n".join(_compact(entry) for entry in value) + "\n]"
        else:
            text = _compact(value)
        lines.append(f"{_compact(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def main() -> int:
    """Write the table beside this module; returns the exit code."""
    TABLE.write_text(generate(GRAMMAR.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(f"{TABLE.name}: {TABLE.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
