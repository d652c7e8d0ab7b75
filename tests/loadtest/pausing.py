#!/usr/bin/env python3
"""A server that pauses: pausing.py [PAUSE [EVERY [PORT]]], in seconds, by default 1 of 10.

Answers everything with 200 and two bytes; in a pause it reads and answers nothing, like a process that is stopped.
Prints its address first, and on SIGTERM the length of each pause.
"""
import asyncio, json, signal, sys, time

pause = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
every = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
pauses = []


class Http(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        self.rest += data
        heads = self.rest.count(b"\r\n\r\n")
        if heads:
            self.rest = self.rest.rpartition(b"\r\n\r\n")[2]
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" * heads)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Http, "127.0.0.1", port)
    print("listening on http://%s:%d" % server.sockets[0].getsockname(), flush=True)
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    begin = loop.time()

    def stall(number):
        before = time.monotonic()
        time.sleep(max(0.0, begin + number * every - time.monotonic()))
        pauses.append(time.monotonic() - before)
        loop.call_at(begin + (number + 1) * every - pause, stall, number + 1)

    loop.call_at(begin + every - pause, stall, 1)
    await over.wait()
    print(json.dumps(pauses), flush=True)


asyncio.run(main())
