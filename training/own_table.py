"""A user's own table as training rows: mapped, checked cell by cell, never guessed.

What each model takes is in ``COLUMNS`` and ``docs/how-to/train-on-your-own-table.md``. A mapping
says how the table's own headings and codes translate; whatever is wrong is said with row and
column, all of it at once, and nothing is trained on a table that has a fault.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from features.catalogue import SETS
from features.fold import Value
from training.csv_file import BadTable, read
from training.labels import NORMAL, SUSPECT
from training.made import columns_of
from training.rows import Example, Rows, TextExample
from training.split import UNKNOWN
from workflow.codes import UNCLEAR, Condition, Disposition, ExceptionCode, ReturnReason

MOST_ROWS = 2_000_000
MOST_TOLD = 20
"""Faults that are spelled out; the others are counted."""
MOST_SHOWN = 80
"""Characters of a faulty cell that are shown."""

Codes = Mapping[str, Sequence[str]]
REASONS = (*map(str, ReturnReason), UNCLEAR)


@dataclass(frozen=True, slots=True)
class Taken:
    """One column that a model takes. ``kind``: ``text code time amount number flag category``."""

    name: str
    kind: str
    says: str
    required: bool = False
    filled: bool = False
    """True where every row must have a value."""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Headings:
    """How a table spells what we take.

    ``columns``: our name -> the table's heading. ``codes``: our column -> their code -> ours.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def heading(self, name: str) -> str:
        return self.columns.get(name, name)


ABOUT = (
    Taken("id", "text", "what the row is about, each only once; the row's number without it"),
    Taken(
        "at",
        "time",
        "when it was asked, ISO 8601, UTC where no offset stands; splits go by it",
        filled=True,
    ),
    Taken("case", "text", "the return or credit note it belongs to; no case is torn apart"),
    Taken("customer", "text", "one customer in ten is kept out of training"),
    Taken("business_unit", "text", "for figures by unit"),
)
REASON_CODE = Taken("reason", "code", "settled reason, for figures by reason", codes=REASONS)


def columns_for(model: str) -> tuple[Taken, ...]:
    """Everything a model's table may hold: what it is about, its label, and its facts."""
    if model == "reason":
        return (
            Taken("text", "text", "what the customer wrote", required=True, filled=True),
            Taken("reason", "code", "what people settled on", True, True, REASONS),
            *ABOUT,
        )
    label = {
        "disposition": Taken(
            "disposition", "code", "what people confirmed", True, codes=tuple(map(str, Disposition))
        ),
        "credit_anomaly": Taken(
            "label", "code", "what a person found; empty: nobody looked", codes=(SUSPECT, NORMAL)
        ),
        "exception_rank": Taken(
            "loss_minor", "amount", "what was lost in the end, in minor units", required=True
        ),
    }[model]
    facts = (
        Taken(
            column.name,
            "amount" if column.name == AMOUNTS.get(model) else column.kind,
            column.says,
            required=column.name in NEEDED[model],
            filled=column.name == AMOUNTS.get(model),
            codes=FACT_CODES.get(column.name, ()),
        )
        for column in columns_of(SETS[model])
    )
    return (label, *ABOUT, REASON_CODE, *facts)


NEEDED: Mapping[str, tuple[str, ...]] = {
    "disposition": ("line_condition",),
    "credit_anomaly": ("credit_amount_minor", "credit_quantity_milli"),
    "exception_rank": ("exception_code", "exception_exposure_minor"),
}
"""Facts without which there is nothing to judge; any other that is absent is not known."""
FACT_CODES: Mapping[str, tuple[str, ...]] = {
    "line_condition": tuple(map(str, Condition)),
    "line_reason": REASONS,
    "exception_code": tuple(map(str, ExceptionCode)),
}
"""Facts whose codes are ours: another one would be learned as rare, and mean nothing later."""
AMOUNTS = {"credit_anomaly": "credit_amount_minor", "exception_rank": "exception_exposure_minor"}
"""The money at stake in each row: one without it, or in other units, would be left out unsaid."""


def read_headings(path: Path | None) -> Headings:
    """The mapping in a TOML file with tables ``[columns]`` and ``[codes.COLUMN]``; empty without.

    Errors: ``BadTable`` for a file that is no such TOML.
    """
    if path is None:
        return Headings()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        unknown = sorted(set(data) - {"columns", "codes"})
        if unknown:
            raise ValueError(f"it has a table {unknown[0]!r}; there are [columns] and [codes.NAME]")
        columns = {str(ours): str(theirs) for ours, theirs in data.get("columns", {}).items()}
        codes = {
            str(name): {str(theirs): str(ours) for theirs, ours in table.items()}
            for name, table in data.get("codes", {}).items()
        }
    except FileNotFoundError as error:
        raise BadTable(f"There is no file {path}.") from error
    except AttributeError as error:
        tables = "[columns] and [codes.NAME] are tables of NAME = VALUE"
        raise BadTable(f"{path} is not a column mapping: {tables}") from error
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BadTable(f"{path} is not a column mapping: {error}") from error
    return Headings(columns, codes)


def read_rows(model: str, path: Path, mapping: Headings, latest: datetime | None = None) -> Rows:
    """The table (CSV, also gzipped, or Parquet) as rows of one model, in the order of time.

    ``latest``, where given: a row that was asked after it is a fault. Errors: ``BadTable`` with up
    to 20 faults by row and column (row 1 is the first below the headings), and how many more there
    are.
    """
    taken = columns_for(model)
    loaded = _loaded(path)
    table = _translated(loaded, taken, mapping)
    if table.empty:
        raise BadTable(f"{path} has headings, and no row below them.")
    _check(table, taken, mapping, latest)
    cells = {name: table[name].tolist() for name in table.columns}
    number = len(table)
    read = {t.name: _values(t.kind, cells.get(t.name), number) for t in taken}
    if "at" not in cells:  # the order of the file is the only time there is
        read["at"] = [datetime.fromtimestamp(60 * i, UTC) for i in range(number)]
    order = sorted(range(number), key=lambda i: _time(read["at"][i]))
    unread = _unread(loaded, taken, mapping)
    rows = Rows(
        facts=number, last_position=number, unread=unread, table=path.name, timed="at" in cells
    )
    make = _text_example if model == "reason" else partial(_example, model)
    made = [make({name: values[i] for name, values in read.items()}, i + 1) for i in order]
    if model == "reason":
        rows.texts = [example for example in made if isinstance(example, TextExample)]
    else:
        rows.examples[model] = [example for example in made if isinstance(example, Example)]
    return rows


def _loaded(path: Path) -> pd.DataFrame:
    """Every cell as text, empty where nothing stands."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pd.read_parquet(path)
            return table.astype(object).where(table.notna(), "").astype(str)
    except FileNotFoundError as error:
        raise BadTable(f"There is no file {path}.") from error
    except (ValueError, OSError) as error:
        raise BadTable(f"{path} cannot be read as a table: {error}") from error
    names, rows = read(path)
    return pd.DataFrame(rows, columns=pd.Index(names, dtype=object), dtype=object)


def _unread(loaded: pd.DataFrame, taken: Sequence[Taken], mapping: Headings) -> tuple[str, ...]:
    """Headings that the model does not take: nothing was learned from them."""
    kept = {mapping.heading(t.name) for t in taken}
    return tuple(str(heading) for heading in loaded.columns if heading not in kept)


def _translated(table: pd.DataFrame, taken: Sequence[Taken], mapping: Headings) -> pd.DataFrame:
    """Our names and codes; columns that the model does not take are left out."""
    if len(table) > MOST_ROWS:
        raise BadTable(f"The table has more than {MOST_ROWS:,} rows: train on a part of it.")
    names = {t.name for t in taken}
    strange = sorted((set(mapping.columns) | set(mapping.codes)) - names)
    if strange:
        raise BadTable(f"The mapping names {strange[0]!r}, which this model does not take.")
    headings = [str(heading) for heading in table.columns]
    _check_mapping(mapping, taken, headings)
    absent = [h for name, h in mapping.columns.items() if h not in headings]
    if absent:
        raise BadTable(f"The mapping names {absent[0]!r}; the table has {', '.join(headings)}.")
    missing = [t for t in taken if t.required and mapping.heading(t.name) not in headings]
    if missing:
        words = [f"{mapping.heading(t.name)} ({t.says})" for t in missing]
        raise BadTable(
            f"The table lacks {', '.join(words)}; it has {', '.join(headings) or 'no headings'}:"
            f" {_remedy(headings)}."
        )
    kept = {t.name: mapping.heading(t.name) for t in taken}
    found = {name: table[h].str.strip() for name, h in kept.items() if h in headings}
    for name, codes in mapping.codes.items():
        if name in found:
            found[name] = found[name].map(lambda cell, own=codes: own.get(cell, cell))
    return pd.DataFrame(found)


def _remedy(headings: Sequence[str]) -> str:
    """What to do about headings that are not found: one long heading is all of them in one."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(headings) == 1 and mark in headings[0]:
            return f"its cells seem to stand between {name}; save it with commas"
    return "rename it or give a mapping"


def _check_mapping(mapping: Headings, taken: Sequence[Taken], headings: Sequence[str]) -> None:
    """Errors: ``BadTable`` for a heading that is taken twice, also by its own name, and for a code
    that is not ours."""
    for name, heading in mapping.columns.items():
        also = [t.name for t in taken if mapping.heading(t.name) == heading and t.name != name]
        if also and heading in headings:
            own = "" if also[0] in mapping.columns else ", which is called so: map that one as well"
            raise BadTable(f"The mapping takes {heading!r} for {name} and for {also[0]}{own}.")
    known = {t.name: t.codes for t in taken if t.codes}
    for name, codes in mapping.codes.items():
        for theirs, ours in codes.items():
            if name in known and ours not in known[name]:
                raise BadTable(
                    f"The mapping turns {theirs!r} of {name} into {ours!r}, which is no known code;"
                    f" there are {', '.join(known[name])}."
                )


def _check(
    table: pd.DataFrame, taken: Sequence[Taken], mapping: Headings, latest: datetime | None
) -> None:
    by_name = {t.name: t for t in taken}
    schema = pa.DataFrameSchema(
        {str(name): pa.Column(str, _checks(by_name[str(name)], latest)) for name in table.columns}
    )
    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        found = errors.failure_cases.sort_values(["index", "column"], kind="stable")
        told, said = [], set[str]()
        for row in found.rename(columns={"index": "index_of"}).itertuples():
            wrong, _, known = str(row.check).partition(";")
            told.append(
                f"  row {int(row.index_of) + 1}, column {mapping.heading(str(row.column))}:"
                f" {_short(row.failure_case)} {wrong}"
                + (f";{known}" if known and known not in said else "")
            )
            said.add(known)  # which codes there are is said once, not in each of twenty lines
        more = [f"  and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
        count = "1 fault" if len(told) == 1 else f"{len(told)} faults"
        raise BadTable("\n".join([f"The table has {count}:", *told[:MOST_TOLD], *more])) from errors


def _short(cell: object) -> str:
    """A cell as it is shown among faults: a novel in it is cut."""
    text = str(cell)
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}...")


def _checks(taken: Taken, latest: datetime | None) -> list[pa.Check]:
    """Each check's ``error`` completes the sentence that begins with the cell."""
    tests: dict[str, tuple[Callable[[str], object], str]] = {
        "time": (_time_of, "is not a date and time (ISO 8601)"),
        "number": (_number_of, "is not a number"),
        "amount": (_amount_of, "is not a whole number of minor units, 0 or more"),
        "flag": (_flag_of, "is not true or false"),
    }
    checks = []
    if taken.filled:
        checks.append(pa.Check(lambda cells: cells != "", error="may not be empty"))
    if taken.codes:
        codes = ("", *taken.codes)
        checks.append(
            pa.Check(
                lambda cells: cells.isin(codes),
                error=f"is no known code; there are {', '.join(taken.codes)}",
            )
        )
    if taken.kind in tests:
        read, error = tests[taken.kind]
        checks.append(pa.Check(lambda cells: cells.map(partial(_reads, read)), error=error))
    if taken.name == "at" and latest is not None:
        past = partial(_is_by, latest)
        checks.append(pa.Check(lambda cells: cells.map(past), error="lies in the future"))
    if taken.name == "id":
        checks.append(pa.Check(lambda cells: ~cells.duplicated(), error="stands there twice"))
    return checks


def _reads(read: Callable[[str], object], cell: str) -> bool:
    try:
        return cell == "" or read(cell) is not None
    except (ValueError, OverflowError):  # the latter of the first and the last day there is
        return False


def _is_by(latest: datetime, cell: str) -> bool:
    """Whether a moment is not after ``latest``; what is none is another check's fault."""
    return not _reads(_time_of, cell) or cell == "" or _time_of(cell) <= latest


def _time_of(cell: str) -> datetime:
    moment = datetime.fromisoformat(cell)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number_of(cell: str) -> int | float:
    try:
        return int(cell)
    except ValueError:
        value = float(cell)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(cell)
    return int(value) if value.is_integer() else value


def _amount_of(cell: str) -> int:
    value = _number_of(cell)
    if not isinstance(value, int) or value < 0:
        raise ValueError(cell)
    return value


def _flag_of(cell: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if cell.lower() not in known:
        raise ValueError(cell)
    return known[cell.lower()]


_READ: Mapping[str, Callable[[str], object]] = {
    "time": _time_of,
    "number": _number_of,
    "amount": _amount_of,
    "flag": _flag_of,
}


def _values(kind: str, cells: Sequence[str] | None, number: int) -> list[object]:
    """Typed cells; ``None`` where nothing stands, or where the table lacks the column."""
    if cells is None:
        return [None] * number
    read = _READ.get(kind, str)
    return [None if cell == "" else read(cell) for cell in cells]


def _time(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.min.replace(tzinfo=UTC)


def _word(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _case_name(cells: Mapping[str, object], row: int) -> str:
    """The case, else the id, else the row; a slash in it is spelt otherwise, since a subject's case
    is what stands before its slash: ``2026/17`` and ``2026/18`` are two cases."""
    return str(cells["case"] or cells["id"] or row).replace("%", "%25").replace("/", "%2F")


def _text_example(cells: Mapping[str, object], row: int) -> TextExample:
    case = _case_name(cells, row)
    return TextExample(
        subject=f"{case}/{cells['id'] or row}",
        text=str(cells["text"]),
        reason=str(cells["reason"]),
        at=_time(cells["at"]),
        position=row,
        customer=_word(cells["customer"]),
        business_unit=_word(cells["business_unit"]),
    )


def _example(model: str, cells: Mapping[str, object], row: int) -> Example:
    case = _case_name(cells, row)
    facts: dict[str, Value] = {}
    for column in SETS[model].columns:
        cell = cells[column.name]
        facts[column.name] = cell if isinstance(cell, (str, int, float, bool)) else None
    label = cells.get("disposition") or cells.get("label")
    loss = cells.get("loss_minor")
    amount = facts.get(AMOUNTS.get(model, ""))
    return Example(
        subject=f"{case}/{cells['id'] or row}",
        row=facts,
        at=_time(cells["at"]),
        position=row,
        case=case,
        customer=_word(cells["customer"]),
        business_unit=_word(cells["business_unit"]),
        reason=_word(cells["reason"]),
        amount_minor=amount if isinstance(amount, int) else 0,
        label="loss" if isinstance(loss, int) else (None if label is None else str(label)),
        loss_minor=loss if isinstance(loss, int) else None,
    )
