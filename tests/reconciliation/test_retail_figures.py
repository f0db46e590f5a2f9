"""The published figures, against the plainest computation and against the publication."""

import gzip
import random
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path

import pytest

from reconciliation.match import Matcher
from reconciliation.retail_documents import credit_lines, credited_pairs, documents_of, sale_lines
from reconciliation.retail_figures import figures_of
from reconciliation.retail_rows import read_rows
from tests.reconciliation.retail_files import HEADER, NOW, STORY, naive, write

SHARED = Path(__file__).parents[3] / "shared/data/online_retail"
REAL = SHARED / "transactions_2010-12_2011-08.csv.gz"


def _some_file(seed: int) -> list[str]:
    """A few hundred lines over few customers, items and minutes, so that everything collides."""
    draw = random.Random(seed)
    lines = []
    for n in range(400):
        back = draw.random() < 0.35
        quantity = draw.randrange(1, 9) * (-1 if back else 1)
        number = f"{'C' if back and draw.random() < 0.9 else ''}{5000 + n // 2}"
        at = f"2011-0{draw.randrange(1, 4)}-0{draw.randrange(1, 9)} 10:0{draw.randrange(9)}:00"
        customer = draw.choice(["1", "2", "3", ""]) if n % 2 == 0 else ""
        sku, price = draw.choice(["10001", "10001a", "POST"]), draw.choice(["1.25", "3", "0.135"])
        lines.append(f"{number},{sku},x,{quantity},{at},{price},{customer},UK")
    return lines


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_a_naive_computation(tmp_path: Path, seed: int) -> None:
    """Every credit against every line of the file, on files where times and items collide."""
    lines = _some_file(seed)
    reading = read_rows(write(tmp_path / "some.csv", "\n".join(lines)), NOW)
    assert astuple(figures_of(reading.rows, reading.lines)) == naive([HEADER, *lines])


@pytest.mark.parametrize("seed", range(5))
def test_the_matcher_finds_no_sale_exactly_where_the_definition_says(
    tmp_path: Path, seed: int
) -> None:
    """Streaming documents in time order loses no sale at or before a credit's time."""
    lines = _some_file(seed)
    reading = read_rows(write(tmp_path / "some.csv", "\n".join(lines)), NOW)
    documents = documents_of(reading)
    matcher = Matcher(credited_pairs(documents))
    never = 0
    for document in documents:
        if document.kind == "sale":
            for sale in sale_lines(document, matcher.wants):
                matcher.sold(*sale)
        elif document.kind == "credit":
            never += sum(matcher.match(c).sold_before == 0 for c in credit_lines(document))
    assert never == figures_of(reading.rows, reading.lines).credit_lines_unmatched


def test_the_story_counts_as_told(tmp_path: Path) -> None:
    """Six credit lines, one without a customer, two never sold: 5.10 and 27.50."""
    reading = read_rows(write(tmp_path / "story.csv"), NOW)
    figures = figures_of(reading.rows, reading.lines)
    assert astuple(figures) == naive([HEADER, *STORY.splitlines()])
    assert (figures.credit_lines, figures.credit_lines_unmatched) == (6, 2)
    assert figures.unmatched_value == Decimal("32.60")


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(not REAL.exists(), reason="needs the public data sets beside the checkout")
def test_the_real_file_counts_as_published() -> None:
    """320,705 lines; 1,052 of 5,565 credit lines unmatched, 109,833.15 of 320,132.83."""
    reading = read_rows(REAL, NOW)
    found = astuple(figures_of(reading.rows, reading.lines))
    published = (Decimal("109833.15"), Decimal("320132.83"))
    assert found == (320_705, 5_847, 5_565, 1_052, *published, 925)
    assert sum(reading.counts().values()) == 320_705
    with gzip.open(REAL, "rt") as file:
        assert found == naive(file.read().splitlines())
