"""A slow link to a server on this machine: bytes are passed on at a rate and after a delay, as through a VPN."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

PART = 2**14
AHEAD = 0.05
# What may be on its way to either side: as much as a socket's buffers hold.
WAITING = 64


class _Link:
    def __init__(self, target: int, megabits: float, delay: float) -> None:
        self.target = target
        self.rate = megabits * 1e6 / 8
        self.delay = delay
        self.free_at = 0.0  # one link: all connections share its rate

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.pump(reader, back, slowly=False), self.pump(there, writer, slowly=True))

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, slowly: bool) -> None:
        """Pass on what comes; downwards at the rate."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
        sender = asyncio.ensure_future(self.send(waiting, sink))
        part = b"x"
        while part:
            with contextlib.suppress(OSError):
                part = await source.read(PART)
            now = loop.time()
            if slowly:
                self.free_at = max(self.free_at, now) + len(part) / self.rate
                if self.free_at - now > AHEAD:
                    await asyncio.sleep(self.free_at - now - AHEAD)
            await waiting.put((max(self.free_at, now) + self.delay / 2, part))
        await sender

    async def send(self, waiting: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                at, part = await waiting.get()
                if not part:
                    break
                await asyncio.sleep(max(at - loop.time(), 0))
                sink.write(part)
                await sink.drain()
        sink.close()


@contextlib.contextmanager
def slow_link(port: int, *, megabits: float, delay: float) -> Iterator[int]:
    """A port on loopback that leads to another, with this rate downwards (Mbit/s) and this delay there and back (s)."""
    link = _Link(port, megabits, delay)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(link.accept, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
