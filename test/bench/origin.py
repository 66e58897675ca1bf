"""An origin server that counts what it is asked, and can be slow: few requests reach it, for it
stands behind caches."""
import asyncio
import email.utils
import threading
import time

import targets


class Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, origin):
        self.origin, self.octets, self.transport = origin, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.octets += data
        while (end := self.octets.find(b"\r\n\r\n")) >= 0:
            path = self.octets.split(b" ", 2)[1].decode("latin-1")
            self.octets = self.octets[end + 4:]
            self.origin.asked[path] = self.origin.asked.get(path, 0) + 1
            asyncio.get_running_loop().call_later(self.origin.delay, self.answer, path)

    def answer(self, path):
        self.transport.write(self.origin.answer(path))


class Origin:
    """`contents` by path; any other path has that of "". `delay` is in seconds."""

    def __init__(self, contents, control, delay=0.0):
        self.contents, self.control, self.delay = contents, control, delay
        self.asked, self.port = {}, targets.free_port()
        self.modified = time.time() - 86400
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def answer(self, path):
        """One whole answer, head and content."""
        content = self.contents.get(path, self.contents[""])
        head = (f"HTTP/1.1 200 OK\r\nDate: {email.utils.formatdate(usegmt=True)}\r\n"
                f"Content-Type: text/plain\r\nContent-Length: {len(content)}\r\n"
                f"Cache-Control: {self.control}\r\nETag: \"{len(content):x}-304\"\r\n"
                f"Last-Modified: {email.utils.formatdate(self.modified, usegmt=True)}\r\n\r\n")
        return head.encode("ascii") + content

    def serve(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(self.loop.create_server(
            lambda: Talk(self), "127.0.0.1", self.port, backlog=4096))
        self.ready.set()
        self.loop.run_forever()
        server.close()

    def count(self):
        return sum(self.asked.values())

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
