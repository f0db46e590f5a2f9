"""Customers that are probably registered twice, by Splink (Fellegi and Sunter's model of linkage).

Each column of two records says how alike it is (a *level*); a level weighs log2(m/u): ``m`` is its
share among records of one customer, ``u`` among any two. The weights and a prior add up to the
match weight, of which the probability is a rescaling. Nothing is sent anywhere: Splink runs on a
DuckDB in memory, on one thread, so that the same records always give the same answer.

Splink is a library of the ``training`` extra and costs a second to import: it is loaded here when
it is used, in a worker or a command, never by a server that answers requests.
"""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journal.findings import DUPLICATE
from workflow.facts import CustomerRegistered, MatchWeight
from workflow.findings import Found

if TYPE_CHECKING:
    from splink import Linker

SURE = 0.99
"""From this probability on a pair is a finding."""
POSSIBLE = 0.5
"""Below this one a finding that was open is closed; in between it stays what it is."""
ENOUGH = 50
"""Customers from which on the data says how often values agree by chance."""
ENOUGH_PAIRS = 200
"""Pairs that agree in each of ``LEARNED_WITHIN``, from which on ``m`` is learned too."""
LEARNED_WITHIN = ("postcode", "name")
"""Columns within whose equal pairs expectation maximisation runs; each teaches the other ones."""
MOST_PAIRS = 500
SEED = 8123
PRIOR = "prior"
ROLE = "customer_service"


@dataclass(frozen=True, slots=True)
class Level:
    """``condition`` is SQL on ``x_l`` and ``x_r``; ``m`` and ``u`` are what is assumed at first."""

    says: str
    condition: str
    m: float
    u: float


def _same(column: str, m: float, u: float) -> Level:
    return Level("same", f"{column}_l = {column}_r", m, u)


def _like(column: str, least: float, m: float, u: float) -> Level:
    measure = f"jaro_winkler_similarity({column}_l, {column}_r)"
    return Level(f"alike ({least:g})", f"{measure} >= {least}", m, u)


COLUMNS: Mapping[str, tuple[Level, ...]] = {
    "name": (
        _same("name", 0.55, 0.005),
        Level("same words", "name_words_l = name_words_r", 0.12, 0.001),
        _like("name", 0.94, 0.2, 0.004),
        _like("name", 0.85, 0.08, 0.03),
    ),
    "vat_id": (
        _same("vat_id", 0.9, 0.0001),
        Level("one sign differs", "levenshtein(vat_id_l, vat_id_r) <= 1", 0.05, 0.0001),
    ),
    "street": (_same("street", 0.75, 0.002), _like("street", 0.92, 0.15, 0.01)),
    "postcode": (
        _same("postcode", 0.85, 0.005),
        Level("one sign differs", "levenshtein(postcode_l, postcode_r) <= 1", 0.1, 0.02),
    ),
    "email_domain": (_same("email_domain", 0.85, 0.002),),
    "country": (_same("country", 0.98, 0.25),),
}
"""What is compared, and what is assumed of each level while there is too little to learn from.
What no level of a column holds for is *different*; a value that is not known weighs nothing."""

_LEGAL = frozenset(
    (
        "ag", "bv", "co", "corp", "corporation", "gmbh", "inc", "incorporated", "kg", "limited",
        "llc", "ltd", "plc", "sa", "sarl", "sl", "srl",
    )
)  # fmt: skip
_WAYS = {
    "st": "street",
    "rd": "road",
    "ave": "avenue",
    "av": "avenue",
    "ln": "lane",
    "str": "street",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers, ``left`` before ``right``; ``weights`` and the prior add up to ``weight``."""

    left: str
    right: str
    probability: float
    weight: float
    weights: tuple[MatchWeight, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """``pairs`` from ``POSSIBLE`` on, the likeliest first; ``basis`` says what was learned from
    the data and what is assumed."""

    pairs: tuple[Pair, ...]
    basis: str

    @property
    def sure(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.probability >= SURE)


def row_of(customer: CustomerRegistered) -> dict[str, str | None]:
    """A customer as it is compared: one spelling for what is the same to a reader; ``None`` is
    not known."""
    words = [word for word in _words(customer.name) if word not in _LEGAL]
    street = " ".join(_WAYS.get(word, word) for word in _words(customer.street))
    return {
        "unique_id": customer.customer_id,
        "name": " ".join(words) or None,
        "name_words": " ".join(sorted(words)) or None,
        "vat_id": _signs(customer.vat_id),
        "street": street or None,
        "postcode": _signs(customer.postcode),
        "email_domain": (customer.email_domain or "").strip().casefold() or None,
        "country": customer.country.strip().upper() or None,
    }


def _words(text: str | None) -> list[str]:
    joined = re.sub(r"(?<=\b\w)\.(?=\w\b)", "", (text or "").casefold())  # b.v. -> bv
    return re.findall(r"\w+", joined)


def _signs(text: str | None) -> str | None:
    return re.sub(r"\W+", "", text or "").upper() or None


def find(customers: Sequence[CustomerRegistered]) -> Duplicates:
    """The pairs that are possibly one customer. Errors: ``ImportError`` without Splink."""
    if len(customers) < 2:
        return Duplicates((), "Fewer than two customers: nothing to compare.")
    rows = [row_of(customer) for customer in customers]
    linker = _linker(rows)
    basis = _learn(linker, rows)
    found = linker.inference.predict(threshold_match_probability=POSSIBLE, warning_mode="never")
    pairs = [_pair(row) for row in found.as_record_list()]
    pairs.sort(key=lambda pair: (-pair.probability, pair.left, pair.right))
    return Duplicates(tuple(pairs[:MOST_PAIRS]), basis)


def _linker(rows: list[dict[str, str | None]]) -> "Linker":
    import duckdb
    import pyarrow
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(column, levels) for column, levels in COLUMNS.items()],
        blocking_rules_to_generate_predictions=[
            block_on("vat_id"),
            block_on("postcode"),
            block_on("email_domain"),
            block_on("name_words"),
            block_on("substr(name, 1, 5)"),
            block_on("street"),
        ],
        probability_two_random_records_match=_prior(len(rows)),
        retain_intermediate_calculation_columns=True,
    )
    alone: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    api = DuckDBAPI(duckdb.connect(":memory:", config=alone))
    schema = pyarrow.schema([(name, pyarrow.string()) for name in rows[0]])
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    return Linker(api.register(table), settings, log_level=logging.ERROR)


def _prior(customers: int) -> float:
    """The chance that two of them are one, if one in twenty-five is registered twice."""
    return min(0.02, 0.08 / (customers - 1))


def _comparison(column: str, levels: Sequence[Level]) -> Any:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    other = [1 - sum(level.m for level in levels), 1 - sum(level.u for level in levels)]
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            *(
                cll.CustomLevel(level.condition, level.says).configure(
                    m_probability=level.m, u_probability=level.u
                )
                for level in levels
            ),
            cll.ElseLevel().configure(m_probability=other[0], u_probability=other[1]),
        ],
    )


def _learn(linker: "Linker", rows: Sequence[Mapping[str, str | None]]) -> str:
    """Learn what the data can tell; answers in a sentence what that was."""
    from splink import block_on

    if len(rows) < ENOUGH:
        return f"{len(rows)} customers are too few to learn from: every weight is an assumed one."
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    agreeing = {column: _pairs_of(rows, column) for column in LEARNED_WITHIN}
    if min(agreeing.values()) < ENOUGH_PAIRS:
        return (
            f"How often values agree by chance is learned from {len(rows)} customers; how often"
            " they do for one customer is assumed."
        )
    for column in LEARNED_WITHIN:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(column), max_pairs=1e6, record_sample_proportion=1.0
        )
    pairs = " and ".join(f"{n} pairs of one {column}" for column, n in agreeing.items())
    return (
        f"How often values agree by chance is learned from {len(rows)} customers; how often they do"
        f" for one customer from {pairs}."
    )


def _pairs_of(rows: Sequence[Mapping[str, str | None]], column: str) -> int:
    """How many pairs have the same value in a column."""
    counted = Counter(row[column] for row in rows if row[column])
    return sum(n * (n - 1) // 2 for n in counted.values())


def _pair(row: Mapping[str, Any]) -> Pair:
    left, right = "l", "r"
    if row["unique_id_l"] > row["unique_id_r"]:
        left, right = right, left
    weights = [_weight(column, row, left, right) for column in COLUMNS]
    prior = row["match_weight"] - sum(one.weight for one in weights)
    return Pair(
        left=row[f"unique_id_{left}"],
        right=row[f"unique_id_{right}"],
        probability=round(row["match_probability"], 6),
        weight=round(row["match_weight"], 4),
        weights=(
            MatchWeight(PRIOR, "before anything is compared", "", "", round(prior, 4)),
            *weights,
        ),
    )


def _weight(column: str, row: Mapping[str, Any], left: str, right: str) -> MatchWeight:
    levels = COLUMNS[column]
    gamma = row[f"gamma_{column}"]
    said = "not known" if gamma < 0 else ["different", *(x.says for x in reversed(levels))][gamma]
    return MatchWeight(
        column=column,
        level=said,
        left=row[f"{column}_{left}"] or "",
        right=row[f"{column}_{right}"] or "",
        weight=round(row[f"mw_{column}"], 4) if gamma >= 0 else 0.0,
    )


def findings_of(found: Duplicates) -> list[Found]:
    """A finding for each sure pair: nothing waits for it, somebody looks."""
    return [
        Found(
            kind=DUPLICATE,
            subject=subject_of(pair),
            records=(pair.left, pair.right),
            severity="medium",
            role=ROLE,
            says=(
                f"{pair.left} and {pair.right} are probably one customer"
                f" ({_percent(pair.probability)}). {found.basis}"
            ),
            figures=(("probability", pair.probability), ("weight", pair.weight)),
            weights=pair.weights,
        )
        for pair in found.sure
    ]


def _percent(probability: float) -> str:
    """Never 100 %: a model of columns is not that sure."""
    return "over 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"


def subject_of(pair: Pair) -> str:
    return f"{pair.left}~{pair.right}"
