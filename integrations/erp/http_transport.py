"""Requests to a mapped ERP by HTTPS, with a bearer token that is asked for anew each time."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from integrations.erp.mapped_wire import Answer
from journal import tracing

MOST_BYTES = 20_000_000


class _Stay(urllib.request.HTTPRedirectHandler):
    """Another address is not asked: the token is for this one."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


class HttpTransport:
    """``token`` gives the bearer token that is valid now; ``base`` is the address of the system."""

    def __init__(self, base: str, token: Callable[[], str], timeout: float = 30) -> None:
        parts = urlsplit(base)
        here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not here:
            raise ValueError("An ERP is reached by https:// only (http:// on this machine).")
        self._base, self._token, self._timeout = base.rstrip("/"), token, timeout

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        body: dict[str, Any] | None,
    ) -> Answer:  # fmt: skip
        """One request. Errors: ``ConnectionError`` before it was sent, ``TimeoutError`` after."""
        address = self._base + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", "Authorization": f"Bearer {self._token()}"}
        sent |= tracing.headers() | dict(headers)
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(address, data, sent, method=method)
        try:
            with _OPENER.open(request, timeout=self._timeout) as answer:
                return _answer(answer.status, dict(answer.headers), answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            return _answer(error.code, dict(error.headers), error.read(MOST_BYTES))
        except TimeoutError:
            raise
        except (http.client.HTTPException, ConnectionError) as error:
            raise TimeoutError(f"the answer was lost: {error!r}") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise error.reason from error
            raise ConnectionError(str(error.reason)) from error


def _answer(status: int, headers: Mapping[str, str], data: bytes) -> Answer:
    try:
        body = json.loads(data) if data else None
    except ValueError:
        body = data[:500].decode("utf-8", "replace")
    return Answer(status, headers, body)
