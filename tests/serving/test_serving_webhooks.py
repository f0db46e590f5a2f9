"""Webhooks over HTTP: subscribed, sent, signed, rotated, paused, disabled, replayed, removed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from integrations.webhooks.address import Target
from integrations.webhooks.sending import Answer
from serving.webhooks import QUEUE
from tests.integrations.receivers import receiver
from tests.serving.house import STORY, Clock, House, Json, build, open_house, request_body

PATH = "/v1/webhooks"
URL = "http://127.0.0.1:9/in"


class Receiving:
    """Takes messages as a receiver would; answers as told."""

    def __init__(self) -> None:
        self.answer = Answer(200, "ok")
        self.heard: list[tuple[dict[str, str], bytes]] = []

    def __call__(self, to: Target, headers: object, body: bytes) -> Answer:
        self.heard.append((dict(headers), body))  # type: ignore[call-overload]
        return self.answer


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The house of R-1001 at the time of this machine, which may send to loopback."""
    clock = Clock(datetime.now(UTC))
    services = build(database_url, tmp_path, clock, webhook_networks="127.0.0.0/8")
    opened = open_house(services)
    with opened.client:
        assert opened.tell(*STORY.facts()).status_code == 200
        yield opened


@pytest.fixture
def receiving(house: House) -> Receiving:
    made = Receiving()
    house.services.courier.send = made
    return made


def subscribe(house: House, who: str = "admin", **more: object) -> Json:
    found: Json = house.post(PATH, {"url": URL} | more, who).json()
    return found


def carry(house: House, hook: Json) -> None:
    house.services.courier.look()
    house.services.courier.carry(hook["webhook_id"])


def test_a_return_is_told_to_who_subscribed(house: House) -> None:
    """By the real worker over a real connection: every event of the feed, in order, signed so that
    the standard's own library verifies it, the same as GET /v1/events has it."""
    with receiver(200, b"thanks") as (url, heard):
        hook = subscribe(house, url=url, types=["return_requested"])
        assert hook["secret"].startswith("whsec_")
        house.post("/v1/returns", request_body())
        house.post("/v1/returns", request_body("R-1002"))
        house.services.courier.look()
        house.work()
    verify = Webhook(hook["secret"]).verify
    told = [verify(message.body, dict(message.headers)) for message in heard]
    feed = house.get("/v1/events", type=hook["types"]).json()["items"]
    assert sorted(told, key=lambda event: int(event["id"])) == feed and len(feed) == 2
    assert [m.headers["webhook-id"] for m in heard] == [f"evt_{event['id']}" for event in told]
    shown = house.get(f"{PATH}/{hook['webhook_id']}", "admin").json()
    assert (shown["waiting"], shown["failures"], shown["status"]) == (0, 0, "active")
    assert shown["last_success_at"]
    items = house.get(f"{PATH}/{hook['webhook_id']}/deliveries", "admin").json()["items"]
    assert [item["tries"][0]["answer"] for item in items] == ["thanks"] * 2
    assert house.rows(f"SELECT 1 FROM procrastinate_jobs WHERE queue_name = '{QUEUE}'") == []


def test_the_secret_is_shown_once(house: House) -> None:
    """A repeated request gets the same subscription without it; no list or table holds it. A key
    in the receiver's own address is not shown to anybody."""
    body = {"url": URL}
    first = house.post(PATH, body, "admin", key="once")
    again = house.post(PATH, body, "admin", key="once")
    secret = first.json()["secret"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {k: v for k, v in first.json().items() if k != "secret"}
    assert secret not in house.get(PATH, "admin").text
    for table in ("webhook", "webhook_secret", "idempotency"):
        kept = house.rows(f"SELECT t::text FROM {table} t")
        assert secret.removeprefix("whsec_") not in str(kept)
    keyed = subscribe(house, url=f"{URL}?token=k3y")
    for who, path in (("admin", PATH), ("auditor", f"{PATH}/{keyed['webhook_id']}")):
        assert "/in?token=[removed]" in (seen := house.get(path, who).text) and "k3y" not in seen
    file = house.services.settings.state_dir / "secrets.key"
    assert file.stat().st_mode & 0o777 == 0o600


def test_both_secrets_sign_while_they_overlap(house: House, receiving: Receiving) -> None:
    """A receiver may change over at any moment of the overlap; afterwards the old one is dead."""
    hook = subscribe(house)
    path = f"{PATH}/{hook['webhook_id']}/rotation"
    new = house.post(path, {"overlap_hours": 1}, "admin").json()["secret"]
    house.post("/v1/returns", request_body())
    carry(house, hook)
    head, body = receiving.heard[-1]
    for secret in (hook["secret"], new):
        Webhook(secret).verify(body, head)
    house.clock.forward(hours=2)
    house.post("/v1/returns", request_body("R-1002"))
    carry(house, hook)
    assert len(receiving.heard[-1][0]["webhook-signature"].split()) == 1


def test_a_gone_receiver_is_disabled_with_a_task(house: House, receiving: Receiving) -> None:
    """410 ends it at once: an alarm for admins; activated again, it hears what it missed."""
    hook = subscribe(house, types=["return_requested"])
    receiving.answer = Answer(410, f"no longer here; you sent {hook['secret']}")
    house.post("/v1/returns", request_body())
    carry(house, hook)
    path = f"{PATH}/{hook['webhook_id']}"
    shown = house.get(path, "admin").json()
    assert (shown["status"], shown["waiting"]) == ("disabled", 1)
    (alarm,) = house.get("/v1/alarms", role="admin").json()["items"]
    assert "410 Gone" in alarm["says"]
    (item,) = house.get(f"{path}/deliveries", "auditor").json()["items"]
    (tried,) = item["tries"]
    assert tried["status"] == 410 and tried["answer"] == "no longer here; you sent [removed]"
    receiving.answer = Answer(204)
    assert house.post(f"{path}/activation", {}, "admin").json()["status"] == "active"
    house.clock.forward(minutes=1)
    carry(house, hook)
    assert house.get(path, "admin").json()["waiting"] == 0


def test_what_was_missed_is_sent_again(house: House, receiving: Receiving) -> None:
    """Under the same ids, from a moment on, at most thirty days back."""
    hook = subscribe(house, types=["return_requested"])
    house.post("/v1/returns", request_body())
    carry(house, hook)
    path = f"{PATH}/{hook['webhook_id']}/replay"
    since = house.clock.now - timedelta(hours=1)
    assert house.post(path, {"since": since}, "admin").status_code == 200
    carry(house, hook)
    assert len({head["webhook-id"] for head, _ in receiving.heard}) == 1
    assert len(receiving.heard) == 2
    old = house.post(path, {"since": since - timedelta(days=31)}, "admin")
    assert (old.status_code, old.json()["code"]) == (422, "too_old")
    future = house.post(path, {"since": since + timedelta(days=2)}, "admin")
    assert future.json()["code"] == "future_date"


def test_what_is_refused_changes_nothing(house: House) -> None:
    """Others than admins, addresses inside the house, plain HTTP outside, types nobody knows."""
    hook = subscribe(house)
    before = house.footprint()
    for who, more, code in (
        ("returns", {}, "wrong_role"),
        ("auditor", {}, "wrong_role"),
        ("admin", {"url": "https://10.0.0.1/"}, "unfit_address"),
        ("admin", {"url": "https://169.254.169.254/latest"}, "unfit_address"),
        ("admin", {"url": "http://93.184.216.34/"}, "unfit_address"),
        ("admin", {"url": "file:///etc/passwd"}, "unfit_address"),
        ("admin", {"types": ["nothing_of_ours"]}, "not_allowed_value"),
    ):
        assert subscribe(house, who, **more)["code"] == code, more
    assert house.get(PATH, "returns").json()["code"] == "wrong_role"
    for path in ("", "/deliveries"):
        assert house.get(f"{PATH}/wh-none{path}", "admin").json()["code"] == "unknown_webhook"
    assert house.footprint() == before
    assert len(house.get(PATH, "auditor").json()["items"]) == 1
    gone = house.client.delete(f"{PATH}/{hook['webhook_id']}", headers=house.headers("returns", ""))
    assert gone.json()["code"] == "wrong_role"


def test_a_removed_webhook_hears_nothing_more(house: House, receiving: Receiving) -> None:
    """Its secrets are forgotten; who made it stays known."""
    hook = subscribe(house)
    headers = house.headers("admin", "")
    path = f"{PATH}/{hook['webhook_id']}"
    assert house.client.delete(path, headers=headers).status_code == 204
    assert house.client.delete(path, headers=headers).json()["code"] == "unknown_webhook"
    house.post("/v1/returns", request_body())
    carry(house, hook)
    assert receiving.heard == []
    assert house.rows("SELECT count(*) FROM webhook_secret") == [(0,)]
    (kept,) = house.rows("SELECT status, created_by, ended_by FROM webhook")
    assert kept == ("removed", kept[1], kept[1])


def test_a_slow_answer_is_asked_for_later(house: House, receiving: Receiving) -> None:
    """The receiver's Retry-After is kept where it is longer than our own wait."""
    hook = subscribe(house, types=["return_requested"])
    receiving.answer = Answer(429, "", None, 3600)
    house.post("/v1/returns", request_body())
    carry(house, hook)
    house.clock.forward(minutes=59)
    carry(house, hook)
    assert len(receiving.heard) == 1
    house.clock.forward(minutes=2)
    carry(house, hook)
    assert len(receiving.heard) == 2
