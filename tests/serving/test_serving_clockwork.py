"""What happens by itself: effects, their failures, expiry, claims, checkpoints, checkup, keys."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from integrations.erp.documents import Document, Rma
from integrations.erp.port import Rejected, Unavailable
from integrations.erp.reference import ReferenceErp
from integrations.perform import perform
from journal import accounts, lookups, outbox
from journal.database import engine_for
from journal.systems import NotNow
from journal.worker import Hopeless
from serving import identity
from serving.checkup import checkup
from serving.chores import checkpoint, expire, forget, recurring, release_answered
from serving.performer import EffectPerformer
from tests.serving.house import STAFF, STORY, House, Json, request_body
from tests.serving.small_models import BrokenModel, SmallModel, on_shelf, says
from workflow.facts import SupplierClaimAnswered

CASE = "/v1/returns/R-1001"


class Moody:
    """The reference ERP in front of which errors wait to be raised, once each."""

    def __init__(self, erp: ReferenceErp, moods: list[Exception]) -> None:
        self._erp, self.moods = erp, moods

    def create_rma(self, key: str, rma: Rma, at: datetime) -> Document:
        if self.moods:
            raise self.moods.pop()
        return self._erp.create_rma(key, rma, at)

    def document(self, key: str) -> Document | None:
        return self._erp.document(key)


def moody(house: House, *moods: Exception) -> EffectPerformer:
    s = house.services
    erp = Moody(ReferenceErp(s.engine), list(moods))
    return EffectPerformer(s.engine, s.cases, s.assessor, erp, s.clock)  # type: ignore[arg-type]


def effect(house: House, key: str) -> Json:
    with house.services.engine.connect() as conn:
        row = lookups.effect(conn, key)
    assert row is not None
    return dict(row)


def receive(house: House, quantity: int = 4, **more: object) -> Json:
    line = {"line": 1, "sku": "PMP-1001", "quantity": quantity, "lot": "L2217"}
    body = {"receipt_id": f"RC-{quantity}", "warehouse": "W-IND-1", "lines": [line], **more}
    answer = house.post(f"{CASE}/receipts", body, "warehouse")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def inspect(house: House, quantity: int = 4, condition: str = "defective") -> Json:
    body = {"line": 1, "quantity": quantity, "condition": condition, "lot": "L2217"}
    answer = house.post(f"{CASE}/inspections", body, "inspector")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_an_effect_that_fails_is_done_later_once(house: House) -> None:
    """An ERP that is away leaves the effect pending with its error; the next attempt does it."""
    house.post("/v1/returns", request_body())
    performer = moody(house, Unavailable("line is down"))
    with pytest.raises(NotNow, match="line is down"):
        performer.perform("R-1001/rma")
    row = effect(house, "R-1001/rma")
    assert (row["status"], row["attempts"]) == ("pending", 1)
    assert "line is down" in row["error"]
    performer.perform("R-1001/rma")
    performer.perform("R-1001/rma")
    assert effect(house, "R-1001/rma")["status"] == "done"
    assert house.rows("SELECT count(*) FROM erp.document") == [(1,)]
    assert house.case()["effects"] == [{"key": "R-1001/rma", "status": "done"}]


def test_a_crash_after_the_erp_answered_is_a_resume(house: House) -> None:
    """Done in the ERP and not yet recorded: the next worker gets the same document."""
    house.post("/v1/returns", request_body())
    with house.services.engine.begin() as conn:
        claimed = outbox.claim(conn, "R-1001/rma")
    assert claimed is not None
    erp = ReferenceErp(house.services.engine)
    written = perform(
        "erp.rma", "R-1001/rma", "R-1001", claimed.effect.payload, erp, house.clock.now
    )
    house.services.performer.perform("R-1001/rma")
    assert effect(house, "R-1001/rma")["reference"] == written.reference
    assert house.rows("SELECT count(*) FROM erp.document") == [(1,)]
    assert house.differences() == []


def test_what_the_erp_refuses_for_good_is_parked_and_can_be_retried(house: House) -> None:
    """Parked: the case and the checkup say so; put back, it is done and the case goes on."""
    house.post("/v1/returns", request_body())
    performer = moody(house, Rejected("case_closed", "The case is closed there."))
    with pytest.raises(Hopeless, match="case_closed"):
        performer.perform("R-1001/rma")
    performer.park("R-1001/rma", "case_closed: The case is closed there.")
    performer.park("R-1001/rma", "again")
    assert house.case()["effects"] == [{"key": "R-1001/rma", "status": "parked"}]
    assert any("parked" in fault for fault in checkup(house.services))
    with house.services.engine.begin() as conn:
        assert outbox.retry(conn, "R-1001/rma")
    house.work()
    assert house.case()["effects"] == [{"key": "R-1001/rma", "status": "done"}]
    assert house.differences() == []


def test_a_broken_model_undoes_nothing_and_the_worker_asks_again(
    house_with: Callable[..., House],
) -> None:
    """The inspection stands although the model failed; its effect asks again, and when it never
    answers people decide."""
    broken = BrokenModel("disposition")
    house = house_with(disposition=broken)
    house.post("/v1/returns", request_body())
    house.clock.now = STORY.received_at
    receive(house)
    case = inspect(house)
    assert case["lines"][0]["portions"][0]["assessment"] is None
    assert case["tasks"] == []
    key = "R-1001/1/assess/disposition/1.1"
    with pytest.raises(RuntimeError, match="broken"):
        house.services.performer.perform(key)
    house.services.performer.park(key, "RuntimeError: the model is broken")
    portion = house.case()["lines"][0]["portions"][0]
    assert portion["assessment"]["abstained"] == "no_model"
    assert house.task("R-1001", "disposition")["role"] == "quality"
    assert effect(house, key)["status"] == "done"
    assert house.differences() == []


def test_a_model_that_is_back_is_asked_by_the_worker(house_with: Callable[..., House]) -> None:
    """Repaired before the worker tries: its answer proposes as if it had never failed."""
    house = house_with(disposition=BrokenModel("disposition"))
    house.post("/v1/returns", request_body())
    house.clock.now = STORY.received_at
    receive(house)
    inspect(house)
    good = SmallModel("disposition", says(("return_to_vendor", 0.7), ("scrap", 0.3)))
    house.services.shelf.standing["disposition"] = on_shelf(good)
    house.work()
    assert house.task("R-1001", "disposition")["proposal"] == "return_to_vendor"
    assert house.rows("SELECT count(*) FROM effect WHERE status <> 'done'") == [(0,)]


def test_authorisations_run_out_by_the_clock(house: House) -> None:
    """Never used: expired and free again for others, once. Partly used: what is outstanding is
    given up, and the rest can be finished."""
    house.post("/v1/returns", request_body())
    assert house.post("/v1/returns", request_body("R-1002", 6)).status_code == 201
    house.clock.now = STORY.received_at
    receive(house, 3)
    assert expire(house.services) == 0
    house.clock.forward(days=40)
    assert expire(house.services) == 2
    assert expire(house.services) == 0
    assert house.case("R-1002")["status"] == "expired"
    assert house.case()["lines"][0]["quantities"]["outstanding"] == 0
    assert house.case()["status"] == "received"
    assert house.rows("SELECT returned_quantity FROM invoice_line WHERE line = 1") == [(3,)]
    line = {"line": 1, "sku": "PMP-1001", "quantity": 6}
    late = house.post(
        "/v1/returns/R-1002/receipts",
        {"receipt_id": "RC-9", "warehouse": "W-IND-1", "lines": [line]},
        "warehouse",
    )
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    assert house.differences() == []


def test_a_supplier_s_answer_releases_what_waited_for_it(house: House) -> None:
    """A credit held for the vendor reaches the customer when the claim is answered, whatever
    was recovered; a clerk may release one by hand, and nobody twice."""
    house.post("/v1/returns", request_body())
    house.perform()
    house.clock.now = STORY.received_at
    receive(house)
    inspect(house)
    task = house.task("R-1001", "disposition")["task"]
    house.decide(
        task, "quality", "override", value="return_to_vendor", reason_code="seen", note="Leaks."
    )
    house.decide(house.task("R-1001", "credit")["task"], "clerk")
    house.perform()
    (credit,) = house.case()["lines"][0]["credits"]
    answer = SupplierClaimAnswered(
        "CL-1", "S-1001", "R-1001", 1, "PMP-1001", 364_00, 0, "USD", "SUB", house.clock.now
    )
    unheard = house.tell(replace(answer, claim_id="CL-0", response="D"))
    (item,) = unheard.json()["items"]
    assert item["reason"] == "unknown_code" and "FWC" in item["says"]
    told = house.tell(answer, answer)
    assert [item["status"] for item in told.json()["items"]] == ["recorded", "repeated"]
    house.perform()
    (after,) = house.case()["lines"][0]["credits"]
    assert after["status"] == "approved"
    assert credit["status"] in ("held", "approved")
    assert house.case()["status"] == "closed"
    release = {"line": 1, "sequence": 1, "because": "asked"}
    again = house.post(f"{CASE}/releases", release, "clerk")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert house.rows("SELECT count(*) FROM erp.credit_memo") == [(1,)]


def test_a_supplier_who_answered_before_the_credit_was_approved_holds_nothing_up(
    house: House,
) -> None:
    """The answer may come first: the clock finds it, and releases the credit once."""
    body = request_body()
    body["lines"][0]["reason_code"] = "stock_agreement"
    house.post("/v1/returns", body)
    house.perform()
    house.clock.now = STORY.received_at
    receive(house)
    inspect(house)
    task = house.task("R-1001", "disposition")["task"]
    house.decide(
        task, "quality", "override", value="return_to_vendor", reason_code="seen", note="Agreed."
    )
    house.perform()
    answer = SupplierClaimAnswered(
        "CL-9", "S-1001", "R-1001", 1, "PMP-1001", 364_00, 364_00, "USD", "FWC", house.clock.now
    )
    house.tell(answer)
    house.decide(house.task("R-1001", "credit")["task"], "clerk")
    (held,) = house.case()["lines"][0]["credits"]
    assert held["status"] == "held"
    assert [release_answered(house.services) for _ in range(2)] == [1, 0]
    house.perform()
    assert house.case()["status"] == "closed"


def test_an_answer_about_an_unknown_return_waits_for_it(house: House) -> None:
    """A claim that no case of ours asked for is kept until there is one, or a person says no."""
    answer = SupplierClaimAnswered(
        "CL-2", "S-1001", "R-0", 1, "PMP-1001", 1, 1, "USD", "FWC", house.clock.now
    )
    (item,) = house.tell(answer).json()["items"]
    assert (item["status"], item["waits_for"]) == ("parked", ["return/R-0/1"])


def test_the_chores_run_and_leave_a_clean_log(house: House) -> None:
    """Every recurring job runs; a checkpoint seals, old keys are forgotten, new ones kept."""
    house.post("/v1/returns", request_body(), key="old")
    house.clock.forward(hours=25)
    house.post("/v1/returns", request_body("R-2", 1), key="new")
    for job in recurring(house.services):
        job.run()
    checkpoint(house.services)
    forget(house.services)
    left = {row[0] for row in house.rows("SELECT key FROM idempotency")}
    assert "new" in left and "old" not in left
    assert house.rows("SELECT count(*) > 0 FROM checkpoint") == [(True,)]
    assert house.differences() == []


def test_a_lost_job_is_queued_again(house: House) -> None:
    """An effect whose job vanished is found by the clock and done."""
    house.post("/v1/returns", request_body())
    with house.services.engine.begin() as conn:
        conn.execute(text("DELETE FROM procrastinate_jobs"))
    assert effect(house, "R-1001/rma")["status"] == "pending"
    {job.name: job for job in recurring(house.services)}["defer_waiting"].run()
    house.work()
    assert effect(house, "R-1001/rma")["status"] == "done"


def test_the_checkup_names_what_is_wrong(house: House) -> None:
    """A clock that differs, models that are missing, a worker that is not there: a sentence
    each that says what to do."""
    faults = checkup(house.services)
    assert any("clock" in fault and "NTP" in fault for fault in faults)
    assert sum("model is promoted" in fault for fault in faults) == 4
    house.post("/v1/returns", request_body())
    house.clock.now = datetime.now(tz=house.clock.now.tzinfo)
    found = checkup(house.services)
    assert not any("clock" in fault for fault in found)
    assert any("triage worker" in fault for fault in found)
    house.perform()
    assert not any("triage worker" in fault for fault in checkup(house.services))


def test_a_revoked_key_ends_within_seconds(
    house: House,
) -> None:
    """A key is remembered for five seconds at most; without that memory it ends at once."""
    assert identity.KNOWN_SECONDS == 5
    assert house.get("/v1/returns").status_code == 200
    with house.services.engine.begin() as conn:
        assert accounts.revoke_api_key(conn, house.keys["service"], house.clock.now)
    known = house.app.state.known_keys
    known.clear()  # five seconds later
    assert house.get("/v1/returns").json()["code"] == "not_signed_in"
    with house.services.engine.begin() as conn:
        accounts.close_account(conn, STAFF["clerk"].id)
    assert house.get("/v1/returns", "clerk").status_code == 401


def test_a_lost_database_is_a_503_that_says_when_to_try_again(
    house: House,
) -> None:
    """Reads, writes, facts and readiness: 503 with Retry-After, never an error of ours; scoring
    by facts goes on."""
    house.get("/v1/returns")
    house.get("/v1/returns", "feed")  # both keys are known from here on
    allow_connections(house, False)
    house.services.engine.dispose()
    try:
        answers = [
            house.get("/v1/returns"),
            house.get(CASE),
            house.get("/v1/queue"),
            house.get("/readyz"),
            house.post("/v1/returns", request_body()),
            house.post(f"{CASE}/cancellations", {"because": "x"}),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"]
        told = house.tell(STORY.invoice()).json()["items"][0]["problem"]
        assert (told["status"], told["code"]) == (503, "unavailable")
        assert house.get("/healthz").status_code == 200
        scored = house.post("/v1/score/disposition", {"items": [{"facts": {}}]})
        assert scored.status_code == 200
        assert "database is away" in checkup(house.services)[0]
    finally:
        allow_connections(house, True)


def allow_connections(house: House, yes: bool) -> None:
    """Let the test's database be reached, or not: seen from outside it."""
    name = house.services.engine.url.database
    elsewhere = house.services.engine.url.set(database="postgres")
    engine = engine_for(elsewhere.render_as_string(hide_password=False))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}"))
    engine.dispose()


def test_metrics_count_what_was_answered(house: House) -> None:
    """Requests by route and status, scored items, open tasks by role; unknown methods are one."""
    body = request_body()
    body["lines"][0]["reason_code"] = None
    house.post("/v1/returns", body, "both")
    house.post("/v1/score/disposition", {"items": [{"facts": {}}, {"facts": {}}]})
    house.client.request("BREW", "/v1/returns", headers=house.headers("service"))
    text_ = house.get("/metrics").text
    assert 'triage_scored_items_total{endpoint="disposition"} 2.0' in text_
    assert 'triage_open_tasks{role="customer_service"} 1.0' in text_
    assert 'method="other"' in text_ and "BREW" not in text_
    assert 'route="/v1/returns",status="201"' in text_
