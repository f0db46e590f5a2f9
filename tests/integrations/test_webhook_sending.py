"""Messages are signed as the standard says, and go nowhere inside the house."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from integrations.redaction import redacted
from integrations.webhooks import sending, signing
from integrations.webhooks.address import Unfit, networks, target
from tests.integrations.receivers import receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOOPBACK = networks("127.0.0.0/8, ::1/128")


def test_the_published_vector() -> None:
    """The example that libraries of the standard are tested with."""
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signing.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3), st.text())
def test_the_reference_library_verifies(keys: list[bytes], text: str) -> None:
    """With any of the secrets that sign, for any body; with no other secret or body."""
    at, body = datetime.now(UTC), text.encode("utf-8", "replace")
    secrets = [signing.PREFIX + base64.b64encode(key).decode() for key in keys]
    head = signing.headers(secrets, "evt_1", at, body)
    for secret in secrets:
        Webhook(secret).verify(body, head, json_parse=False)
    for wrong, sent in ((signing.new_secret(), body), (secrets[0], body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong).verify(sent, head, json_parse=False)


def test_an_old_message_is_not_taken_for_a_new_one() -> None:
    """The timestamp is signed: who recorded a message cannot send it again later."""
    old = signing.headers([SECRET], "evt_1", datetime.now(UTC) - timedelta(minutes=6), b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"{}", old)
    fresh = old | {"webhook-timestamp": str(int(datetime.now(UTC).timestamp()))}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"{}", fresh)


def test_secrets_are_fit_and_never_the_same() -> None:
    """32 random bytes, within the 24 to 64 that the standard allows."""
    made = {signing.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(base64.b64decode(s.removeprefix("whsec_"))) == 32 for s in made)


@pytest.mark.parametrize(
    ("url", "address", "says"),
    [
        ("https://example.com/in", "10.1.2.3", "not a public address"),
        ("https://example.com/in", "169.254.169.254", "not a public address"),
        ("https://example.com/in", "127.0.0.1", "not a public address"),
        ("https://example.com/in", "::ffff:192.168.0.1", "not a public address"),
        ("https://example.com/in", "64:ff9b::a00:1", "not a public address"),
        ("https://example.com/in", "2002:7f00:1::", "not a public address"),
        ("https://example.com/in", "fd00::1", "not a public address"),
        ("https://example.com/in", "224.0.0.1", "not a public address"),
        ("https://example.com/in", "0.0.0.0", "not a public address"),
        ("http://example.com/in", "93.184.216.34", "Plain HTTP"),
        ("http://example.com/in", "127.0.0.1", "Plain HTTP"),
        ("https://me:secret@example.com/", "93.184.216.34", "user name"),
        ("ftp://example.com/", "93.184.216.34", "https://"),
        ("https:///in", "93.184.216.34", "https://"),
        ("https://example.com:99999/", "93.184.216.34", "no URL"),
        ("https://example.com/a b", "93.184.216.34", "printable"),
        ("https://example.com/#x", "93.184.216.34", "fragment"),
        ("https://" + "a" * 2000, "93.184.216.34", "2000"),
    ],
)
def test_no_door_of_the_house_is_knocked_at(url: str, address: str, says: str) -> None:
    """Private, loopback, link-local and translated addresses, plain HTTP and odd URLs are unfit."""
    with pytest.raises(Unfit, match=says):
        target(url, (), lambda host, port: [address])


def test_every_address_of_a_name_is_judged() -> None:
    """One public address does not vouch for a private one beside it; a name may have none."""
    with pytest.raises(Unfit):
        target("https://example.com/", (), lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(Unfit, match="no address"):
        target("https://example.com/", (), lambda host, port: [])
    with pytest.raises(Unfit, match="not found"):
        target("https://nowhere.invalid/", ())


def test_a_public_address_and_an_allowed_network_are_sent_to() -> None:
    """At the address that was judged, so that the name cannot be turned afterwards."""
    fit = target("https://example.com:8443/in?a=1", (), lambda host, port: ["93.184.216.34"])
    assert (fit.host, fit.port, fit.address) == ("example.com", 8443, "93.184.216.34")
    assert target("http://127.0.0.1:9/in", LOOPBACK).address == "127.0.0.1"
    inside = networks("10.0.0.0/8")
    assert target("https://erp.example/", inside, lambda host, port: ["10.2.3.4"]).port == 443
    with pytest.raises(Unfit, match="Plain HTTP"):
        target("http://erp.example/", inside, lambda host, port: ["10.2.3.4"])


def test_what_is_answered_is_read_and_cut_off() -> None:
    """Status, the beginning of the body, and how long the receiver asks to wait."""
    with receiver(503, b"busy " * 1000, Retry_After="7") as (url, heard):
        answer = sending.post(target(url, LOOPBACK), {"webhook-id": "evt_1"}, b"{}")
    assert (answer.status, answer.wait_seconds, answer.taken) == (503, 7, False)
    assert len(answer.body) == sending.MOST_ANSWER_BYTES
    assert heard[0].headers["webhook-id"] == "evt_1"
    assert heard[0].path == "/in?x=1"
    assert heard[0].headers["Host"] in url


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Else a receiver could lead us inside the house after all."""
    with receiver(302, b"", Location="http://127.0.0.1:1/") as (url, heard):
        answer = sending.post(target(url, LOOPBACK), {}, b"{}")
    assert (answer.status, answer.taken, len(heard)) == (302, False, 1)


def test_nobody_there_is_an_answer_too() -> None:
    """An error in words instead of an exception."""
    with receiver(200, b"") as (url, _):
        pass
    answer = sending.post(target(url, LOOPBACK), {}, b"{}")
    assert answer.status is None and "ConnectError" in (answer.error or "")


def test_secrets_are_removed_from_what_is_kept() -> None:
    """Known ones wherever they stand, others by their shape or their name; the rest is kept."""
    text = (
        f'{{"got": "{SECRET}", "password": "hunter2", "sig": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJ",'
        ' "amount": 421} Authorization: Bearer abcdefghijk https://me:pw@host/ known-one'
    )
    kept = redacted(text, ["known-one"])
    for secret in (SECRET, "hunter2", "g0hM9", "abcdefghijk", "me:pw", "known-one"):
        assert secret not in kept
    assert '"amount": 421' in kept and "@host/" in kept


def test_a_secret_goes_whole() -> None:
    """Whatever scheme, quotes or separators it has, and where its text was cut; a word that only
    ends like one of the names is kept, and a hostile text does not hold us up."""
    for text in (
        "Authorization: Session dHJpYWdlOnMzY3JldA==",
        '{"password": "s3cret, and } more", "client_secret":"s3cret"}',
        "Set-Cookie: sid=s3cret",
        "https://hooks.example/in?sig=s3cret%2F&access_token=s3cret",
        "X-Api-Key: s3cret",
        '{"passphrase": "s3cret and cut o',
        "-----BEGIN RSA PRIVATE KEY-----\ns3cret",
    ):
        kept = redacted(text)
        assert "s3cret" not in kept and "dHJp" not in kept and "more" not in kept, kept
    assert redacted("compass: north, bypass=1, assign: 3") == "compass: north, bypass=1, assign: 3"
    for hostile in ("eyJ", 'token="\\', "a-", "token="):
        redacted(hostile * 20_000)
