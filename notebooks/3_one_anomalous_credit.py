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
# # One unusual credit, looked into
#
# A finance clerk asks: why was this credit held? Train the anomaly model on a small simulated distributor, take the
# strangest credit of its test part, and look at what pushed it: against what is usual, against the customer's own
# history, and against what people decided. A strange credit is not a wrong one.

# %%
import altair as alt
import numpy as np
import pandas as pd

from models.protocol import Card
from simulation.sandbox import sandbox
from training import credit_anomaly
from training.journal_source import facts_of
from training.rows import gather

with sandbox(days=60, scale=0.4) as house, house.engine.connect() as conn:
    rows = gather(facts_of(house.journal, conn))

made = credit_anomaly.fit(rows.of("credit_anomaly"), seed=8123)
card = Card(
    made.name,
    "0",
    made.columns,
    made.says,
    made.output,
    made.feature_set,
    None,
    made.limits,
    made.judged.known(),
)
model = made.build(card)
pd.Series(made.judged.known()).round(3)

# %% [markdown]
# ## The strangest one
# Among credits that the model never saw.

# %%
tested = made.examples
answers = model.predict([example.row for example in tested])
scores = np.array([answer.confidence or 0.0 for answer in answers])
at = int(scores.argmax())
credit, answer = tested[at], answers[at]
print(
    f"{credit.subject}: {answer.value}, score {scores[at]:.3f}, amount {credit.amount_minor / 100:,.2f}"
)
print("People said:", credit.label or "nothing yet", "| customer", credit.customer)

# %%
explanation = model.explain([credit.row], top=8)[0]
pushes = pd.DataFrame({"says": p.says, "push": p.push} for p in explanation.pushes)
left = explanation.base + pushes["push"].sum() + explanation.residual - explanation.total
assert abs(left) < 1e-6
alt.Chart(pushes).mark_bar().encode(
    x=alt.X("push:Q", title=explanation.output),
    y=alt.Y("says:N", sort=None, title=None, axis=alt.Axis(labelLimit=420)),
    color=alt.condition("datum.push > 0", alt.value("#b3261e"), alt.value("#2f6f4f")),
)

# %% [markdown]
# ## Against the others
# Where does this credit stand among all that were tested, and how does its amount compare?

# %%
around = pd.DataFrame(
    {
        "score": scores,
        "amount": [e.amount_minor / 100 for e in tested],
        "people": [e.label for e in tested],
    }
)
around["people"] = around["people"].fillna("nobody looked")
alt.Chart(around).mark_circle(opacity=0.6).encode(
    x=alt.X("amount:Q", scale=alt.Scale(type="log")),
    y="score:Q",
    color=alt.Color("people:N", title="People said"),
)

# %% [markdown]
# ## The customer's other credits

# %%
own = [
    (e.at.date(), e.amount_minor / 100, e.label)
    for e in rows.of("credit_anomaly")
    if e.customer == credit.customer
]
pd.DataFrame(own, columns=["day", "amount", "people said"]).tail(10)

# %% [markdown]
# ## What if one fact were different?
# The amount alone: at which amount would the level change? A question to the model, not to the world.

# %%
amounts = np.unique(np.geomspace(100, max(credit.amount_minor, 101) * 2, 25).astype(int))
asked = [{**credit.row, "credit_amount_minor": int(amount)} for amount in amounts]
levels = pd.DataFrame(
    {
        "amount": amounts / 100,
        "level": [a.value for a in model.predict(asked)],
        "score": [a.confidence for a in model.predict(asked)],
    }
)
levels
