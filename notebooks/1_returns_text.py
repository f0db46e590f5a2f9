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
# # What customers write
#
# How long are return notes, which reasons do people settle on, which words belong to which reason, and where
# does the shipped model decline to answer? By default this looks at a small simulated distributor. To look at your
# own journal set `TRIAGE_NOTEBOOK=journal`; nothing is written either way.

# %%
import os

import altair as alt
import numpy as np
import pandas as pd

from features.catalogue import FOLDS
from journal.database import engine_for, open_database
from journal.journal import Journal
from simulation.sandbox import sandbox
from training.journal_source import facts_of
from training.rows import gather


def rows_to_look_at():
    if os.environ.get("TRIAGE_NOTEBOOK") == "journal":
        with engine_for(open_database().url).connect() as conn:
            return gather(facts_of(Journal(FOLDS), conn))
    with sandbox(days=45, scale=0.3) as house, house.engine.connect() as conn:
        return gather(facts_of(house.journal, conn))


rows = rows_to_look_at()
texts = pd.DataFrame(
    {"text": t.text, "reason": t.reason, "unit": t.business_unit, "at": t.at} for t in rows.texts
)
texts["words"] = texts["text"].str.split().str.len()
texts[["text", "reason"]].sample(min(8, len(texts)), random_state=1)

# %% [markdown]
# ## Reasons and lengths
# A class that is rare here will be learned late; a note of three words leaves little to explain.

# %%
counts = texts.groupby(["reason", "unit"]).size().reset_index(name="notes")
alt.Chart(counts).mark_bar().encode(
    x="notes:Q", y=alt.Y("reason:N", sort="-x", title=None), color=alt.Color("unit:N", title=None)
)

# %%
texts["words"].describe(percentiles=[0.1, 0.5, 0.9]).round(0)

# %% [markdown]
# ## Words that belong to a reason
# Log-odds of a word in notes of one reason against all others, with one note added to each side.

# %%
from sklearn.feature_extraction.text import CountVectorizer

counter = CountVectorizer(ngram_range=(1, 2), min_df=3, binary=True)
has = counter.fit_transform(texts["text"])
terms = np.array(counter.get_feature_names_out())


def telling(reason, most=6):
    mine = (texts["reason"] == reason).to_numpy()
    inside = (np.asarray(has[mine].sum(axis=0)).ravel() + 1) / (mine.sum() + 2)
    outside = (np.asarray(has[~mine].sum(axis=0)).ravel() + 1) / ((~mine).sum() + 2)
    best = np.argsort(-np.log(inside / outside))[:most]
    return ", ".join(terms[best])


common = texts["reason"].value_counts()
pd.Series({reason: telling(reason) for reason in common[common >= 8].index}, name="telling words")

# %% [markdown]
# ## Where the model of the first day declines
# It knows the written descriptions of the codes only. A note that it declines goes to a person; the reason it
# gives says which kind of doubt it has.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

from models.bundle import load
from training.reason import fit

with TemporaryDirectory() as folder:
    fit([], [], [], [], Path(folder), seed=8123)
    model = load(Path(folder))
    answers = model.predict([{"text": text} for text in texts["text"]])
    texts["says"] = [answer.value or f"({answer.abstained})" for answer in answers]
    texts["right"] = texts["says"] == texts["reason"]
    answered = ~texts["says"].str.startswith("(")
    pushes = model.explain([{"text": texts["text"].iloc[0]}])[0]

pd.Series(
    {
        "answered": answered.mean(),
        "right when answered": texts.loc[answered, "right"].mean(),
        "commonest reason alone": common.iloc[0] / len(texts),
    }
).round(3)

# %%
texts.loc[~answered, "says"].value_counts()

# %% [markdown]
# ## One note, word by word
# Pushes are in log-odds and add up exactly: base + pushes + residual = total.

# %%
table = pd.DataFrame(
    {"word": p.value, "push": p.push, "from": p.start, "to": p.end} for p in pushes.pushes
)
print(texts["text"].iloc[0], "->", pushes.output)
assert abs(pushes.base + table["push"].sum() + pushes.residual - pushes.total) < 1e-6
table.sort_values("push", key=abs, ascending=False).head(8)
