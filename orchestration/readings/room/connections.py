"""Connections to the reading room: how many there may be, and how long one may keep the room waiting.

uvicorn alone ends a connection that is quiet after an answer, and never one that has not asked anything, or that sends
a byte now and then: 1,100 of them took every file that a process may open, and nobody else came in.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestration.readings.room import refusals

# half of the files that this process may open, for the ledger and the cases need some
CONNECTIONS = min(400, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
WHOLE_REQUEST = 15.0  # seconds: headers and form, from the connection's begin or the answer before
LONGEST_HEADERS = 16 * 1024
LIMITS: dict[str, Any] = {
    # one more than connections: with one that waits for its client to close, a new one always finds a place
    "limit_concurrency": CONNECTIONS + 1,
    "timeout_keep_alive": 5,
    "h11_max_incomplete_event_size": LONGEST_HEADERS,
    # a browser has no other business here, and nothing above bounds it
    "ws": "none",
}


class Bounded(H11Protocol):
    """uvicorn's connection, which is closed where a whole request does not come in time. Where all places are taken the
    one that has kept the room waiting longest gives up its own: people ask and are answered within a second."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        if len(self.connections) >= CONNECTIONS and (
            waiting := [one for one in self.connections if isinstance(one, Bounded) and one.waits]
        ):
            longest = min(waiting, key=lambda one: one.since)
            self.connections.discard(longest)
            longest.end("its place was needed")
        super().connection_made(transport)
        self.since = self.loop.time()
        self.watch = self.loop.call_later(WHOLE_REQUEST, self.look)

    @property
    def waits(self) -> bool:
        """Whether the room waits for this client, and not the client for the room."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def look(self) -> None:
        left = self.since + WHOLE_REQUEST - self.loop.time() if self.waits else WHOLE_REQUEST
        if left > 0:
            self.watch = self.loop.call_later(left, self.look)
        else:
            self.end(f"no whole request within {WHOLE_REQUEST:g} s")

    def end(self, why: str) -> None:
        refusals.note(why, "a connection", "nobody", self.client[0] if self.client else "the socket")
        # not `close`, which waits until a client has read what was sent
        self.transport.abort()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.cancel()
        super().connection_lost(exc)
