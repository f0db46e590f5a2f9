# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Real credit notes: what fits, what does not, what to look at first
#
# Imports a file in the form of the public *Online Retail* set into a database of its own, matches every credit
# note with earlier sales, and looks at what is left over. Name your file in `TRIAGE_RETAIL_FILE`; without it a
# small file is made here, with a few credits that match nothing.

# %%
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import altair as alt
import pandas as pd

from journal import worklists
from models.prior import Prior
from reconciliation.online_retail import import_online_retail
from simulation.sandbox import empty_house
from workflow.actor import Actor

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def made_up(path: Path, lines: int = 1500, seed: int = 7) -> Path:
    chance, at, sold, rows = random.Random(seed), datetime(2011, 1, 4, 9, tzinfo=UTC), [], [HEADER]
    for number in range(lines):
        at += timedelta(minutes=chance.randint(1, 9))
        customer, item = 12000 + chance.randrange(60), 20000 + chance.randrange(40)
        if sold and chance.random() < 0.04:
            customer, item, price = chance.choice(sold)
            if chance.random() < 0.2:
                item += 500  # never sold to anybody
            rows.append(
                f"C{600000 + number},{item},ITEM {item},{-chance.randint(1, 6)},{at:%F %T},{price},{customer},United Kingdom"
            )
            continue
        price = round(chance.uniform(0.5, 20), 2)
        sold.append((customer, item, price))
        rows.append(
            f"{600000 + number},{item},ITEM {item},{chance.randint(1, 24)},{at:%F %T},{price},{customer},United Kingdom"
        )
    path.write_text("\n".join(rows) + "\n")
    return path


# %%
with TemporaryDirectory() as folder, empty_house() as house:
    path = Path(os.environ.get("TRIAGE_RETAIL_FILE") or made_up(Path(folder) / "retail.csv"))
    summary = import_online_retail(
        path,
        house.journal,
        house.engine,
        anomaly=Prior("credit_anomaly"),
        rank=Prior("exception_rank"),
        actor=Actor("notebook", frozenset(), "service"),
        at=datetime.now(UTC),
        progress=lambda done, total, text: None,
    )
    with house.engine.connect() as conn:
        found = pd.DataFrame([dict(row) for row in worklists.all_open_exceptions(conn)])

# %% [markdown]
# ## What the file holds
# Every row has exactly one of these names.

# %%
pd.Series(dict(summary.rows), name="rows").sort_values(ascending=False)

# %%
figures = summary.figures
pd.Series(
    {
        "credit lines": figures.credit_lines,
        "with a customer": figures.credit_lines_with_customer,
        "never sold to that customer": figures.credit_lines_unmatched,
        "their value, GBP": float(figures.unmatched_value),
        "lines a second": round(summary.lines_per_second),
    }
)

# %% [markdown]
# ## How the credits were matched

# %%
pd.Series(dict(summary.matches), name="credit lines")

# %% [markdown]
# ## What a person should see first
# Exceptions by kind, and how much of all the money lies in the first ones if they are sorted by exposure.

# %%
money = found["exposure_minor"].sort_values(ascending=False).reset_index(drop=True) / 100
curve = pd.DataFrame(
    {"reviewed": money.index + 1, "share of the money": money.cumsum() / money.sum()}
)
alt.Chart(curve).mark_line().encode(
    x="reviewed:Q", y=alt.Y("share of the money:Q", axis=alt.Axis(format="%"))
)

# %%
found.groupby("code")["exposure_minor"].agg(["count", "sum"]).sort_values("sum", ascending=False)
