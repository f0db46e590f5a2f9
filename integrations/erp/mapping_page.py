"""Writes ``docs/reference/erp-mappings.md``: ``python -m integrations.erp.mapping_page``."""

from collections.abc import Iterator
from pathlib import Path

from integrations.erp.mapping import OPERATIONS, SYSTEMS, ErpMapping, FieldMap, Operation, load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "erp-mappings.md"
_HEAD = """\
# Field mappings of ERPs

Written from `integrations/erp/mappings/` by `python -m integrations.erp.mapping_page`; a test
keeps it current.

What our words are called in four ERPs that nobody here has reached live: **no field was verified
live**. *Documented* was read on the page named, *guess* nowhere; an operation that rests on guesses
is refused until the installation allows it (`TRIAGE_ERP_ALLOW_GUESSES`) after looking.
What is neither mapped nor left out is refused, and so is every other write of the [ERP
port](effects.md). Words of a status are guesses throughout. A key that its field cannot hold stands
there as far as it fits, with 16 digits of its SHA-256. One adapter,
[mapped.py](../../integrations/erp/mapped.py), reads the files; its tests run it against servers
made from them. How one is chosen, checked and tried: [connect an
ERP](../how-to/connect-an-erp.md).
"""


def markdown() -> str:
    """The whole page, ending in a newline."""
    mappings = [load(system) for system in SYSTEMS]
    parts = [_HEAD, _overview(mappings)]
    parts += [part for mapping in mappings for part in _system(mapping)]
    return "\n".join(parts)


def _overview(mappings: list[ErpMapping]) -> str:
    rows = ["", "| system | verified live | " + " | ".join(OPERATIONS) + " |"]
    rows.append("|---" * (len(OPERATIONS) + 2) + "|")
    for mapping in mappings:
        cells = [_how(mapping.operations.get(name)) for name in OPERATIONS]
        live = "yes" if mapping.verified_live else "no"
        rows.append(f"| {mapping.title} | {live} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _how(operation: Operation | None) -> str:
    if operation is None:
        return "not covered"
    every = (*operation.fields, *operation.line_fields)
    known = sum(one.status == "documented" for one in every)
    return f"{known} of {len(every)} documented"


def _system(mapping: ErpMapping) -> Iterator[str]:
    yield f"## {mapping.title}\n"
    sources = "; ".join(f"*{name}*: {said}" for name, said in mapping.sources.items())
    yield f"Sources: {sources}.\n"
    for operation in mapping.operations.values():
        yield from _operation(operation)
    for name, why in mapping.not_covered.items():
        yield f"**{name}**: not covered: {why}\n"


def _operation(operation: Operation) -> Iterator[str]:
    yield f"**{operation.name}** at `{operation.path}`{_lines(operation)}{_key(operation)}"
    yield "\n| ours | theirs | as | known from |\n|---|---|---|---|"
    for one in (*operation.fields, *operation.line_fields):
        theirs = f"{operation.lines} · {one.theirs}" if one.on_line else one.theirs
        yield f"| {_ours(one)} | `{theirs}` | {one.kind} | {one.source or 'guess'} |"
    left = [f"{name} ({why})" for name, why in operation.left_out.items()]
    if left:
        yield f"\nLeft out: {'; '.join(left)}."
    if operation.refused:
        yield f"\nRefused where given: {', '.join(operation.refused)}."
    if operation.statuses:
        words = ", ".join(f"{theirs} is {ours}" for theirs, ours in operation.statuses.items())
        yield f"\nStatus `{operation.status_field}`: {words}."
    yield ""


def _lines(operation: Operation) -> str:
    if operation.lines_at:
        return f", each line after it at `{operation.lines_at}`"
    return f", lines in `{operation.lines}`" if operation.lines else ""


def _key(operation: Operation) -> str:
    """What the field of our key holds, where that is less than any text."""
    form = {"upper": "capitals", "word": "letters, digits, `_` and `-`"}.get(operation.key_form)
    most = f"at most {operation.key_chars} characters" if operation.key_chars else ""
    said = ", ".join(part for part in (form, most) if part)
    return f"; `{operation.key}` holds {said}" if said else ""


def _ours(one: FieldMap) -> str:
    if one.setting is not None:
        return f"setting `{one.setting}`"
    return f"`{one.ours}`" if one.ours is not None else f"always `{one.value}`"


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
    print(PAGE)
