"""Faults of answers as such: statuses, redirects, HEAD, and what other origins are told."""
import gzip
import threading
import time

from fault_server import BEFORE, CONTENT, MODIFIED, OTHER, Answer, clean, date, fault, lead, on, tag_of

# ---- nothing is wrong ----

@clean("clean")
def _(ask):
    return ask.answer()


@clean("clean-coded")
def _(ask):
    ask.codes = True
    return ask.answer()


@clean("clean-weak-codings")
def _(ask):
    ask.codes = True
    ask.tag = '"v1"'
    ask.weak = ask.coded()
    return ask.answer()


@clean("clean-for-ever.4f3c9a1b.js")
def _(ask):
    ask.control = "max-age=31536000, immutable"
    return ask.answer()


@clean("clean-private")
def _(ask):
    ask.control, ask.vary = "private, no-cache", "Cookie, Accept-Language"
    ask.content = OTHER if ask.has("Cookie") or ask.has("Accept-Language") else CONTENT
    answer = ask.answer()
    return answer.set("Set-Cookie", "a=b") if on(answer, 200) else answer


@clean("clean-languages")
def _(ask):
    ask.vary = "Accept-Encoding, Accept-Language"
    ask.content = OTHER if (ask.get("Accept-Language") or "").startswith("de") else CONTENT
    return ask.answer()


@clean("clean-empty")
def _(ask):
    ask.content = b""
    return ask.answer()


def permit(ask, answer, headers="If-None-Match", exposed="ETag", origin="*"):
    """What a server says to scripts of other sites."""
    if ask.method == "OPTIONS":
        answer = Answer(200, {"Date": date(time.time())})
        if headers:
            answer.set("Access-Control-Allow-Headers", headers)
    if exposed:
        answer.set("Access-Control-Expose-Headers", exposed)
    return answer.set("Access-Control-Allow-Origin", origin)


@clean("clean-origins")
def _(ask):
    return permit(ask, ask.answer())


@clean("clean-origins-echoed")
def _(ask):
    ask.vary = "Accept-Encoding, Origin"
    answer = ask.answer()
    return permit(ask, answer, origin=ask.get("Origin")) if ask.has("Origin") else answer


@fault("clean-over-time", without=True, options=BEFORE)
def _(ask):
    return ask.answer()


@fault("slow-down", also={"requests-spent"}, without=True)
def _(ask):
    return ask.answer() if ask.count < 4 else Answer(429, {"Date": date(time.time())})


def busy(ask, seconds):
    return Answer(429, {"Date": date(time.time()), "Retry-After": str(seconds)})


@fault("busy-once", also={"status-error"}, without=True)
def _(ask):
    # The first audit is told to come back in a second, and finds everything well then.
    return busy(ask, 1) if ask.count == 1 else ask.answer()


@fault("busy-for-long", also={"status-error"}, without=True)
def _(ask):
    return busy(ask, 9999)


# ---- whether a 304 was true ----

@fault("lying-304", also={"etag-reused", "lying-304-by-date"}, options=BEFORE)
def _(ask):
    ask.tag = '"v1"'
    ask.content = OTHER if ask.state.changed else CONTENT
    return ask.answer()


@fault("weak-304", also={"etag-weak", "lying-304-by-date"}, options=BEFORE)
def _(ask):
    ask.tag, ask.weak = '"v1"', True
    ask.content = OTHER if ask.state.changed else CONTENT
    return ask.answer()


@fault("clean-coded-anew", also={"etag-weak"}, without=True, options=BEFORE)
def _(ask):
    # A weak tag of a content whose coded bytes are others each time: nothing is known of it.
    ask.codes, ask.tag, ask.weak, ask.modified = True, '"v1"', True, None
    answer = ask.answer()
    if ask.coded() and on(answer, 200):
        answer.content = gzip.compress(CONTENT, mtime=ask.count)
    return answer


@fault("lying-304-coded", also={"coding-unasked", "lying-304", "etag-reused"}, options=BEFORE, without=True)
def _(ask):
    # Everybody gets gzip: the lie is found in what was noted as such.
    ask.modified, ask.codes, ask.tag = None, True, '"v1"'
    ask.fields["accept-encoding"] = "gzip"
    ask.content = OTHER if ask.state.changed else CONTENT
    return ask.answer()


@fault("two-nodes", also={"content-varies"}, options=BEFORE, without=True)
def _(ask):
    # Two servers behind one name take turns; one has the new content, and each is right by itself.
    ask.state.turns = getattr(ask.state, "turns", 0) + ask.state.changed
    if ask.state.turns % 2 == 0 and 0 < ask.state.turns < 10:
        ask.content, ask.modified = OTHER, MODIFIED + 99
    return ask.answer()


@fault("two-nodes-late", also={"content-varies"}, options=BEFORE, without=True)
def _(ask):
    # The old content comes no more, but one server knows that it is old.
    if ask.state.changed:
        ask.content, ask.modified = OTHER, None
        ask.state.held = getattr(ask.state, "held", 0) + ask.has("If-None-Match")
        if ask.has("If-None-Match") and ask.state.held < 4:
            return Answer(304, {"Date": date(time.time()), "ETag": ask.get("If-None-Match")})
    return ask.answer()


@fault("clean-coding-ends", without=True, options=BEFORE)
def _(ask):
    # It is not coded any more, and who holds it coded is told the truth.
    ask.codes = not ask.state.changed
    coded = tag_of(gzip.compress(CONTENT, mtime=0))
    if ask.state.changed and ask.get("If-None-Match") == coded:
        return Answer(304, {"Date": date(time.time()), "ETag": coded, "Vary": ask.vary,
                            "Cache-Control": ask.control})
    return ask.answer()


@fault("clean-long-tag", without=True, options=BEFORE)
def _(ask):
    ask.tag = '"' + "x" * 1000 + tag_of(CONTENT)[1:]
    return ask.answer()


@fault("clean-long-tag-repeat", without=True, options=("repeat",))
def _(ask):
    ask.tag = '"' + "x" * 1000 + tag_of(CONTENT)[1:]
    return ask.answer()


@fault("etag-reused", also={"content-noise"})
def _(ask):
    ask.tag, ask.modified = '"v1"', None
    ask.content = CONTENT + b"%6d\n" % ask.count
    return ask.answer()


@fault("needless-200", options=BEFORE)
def _(ask):
    if ask.state.changed:
        ask.tag, ask.modified = '"v2"', MODIFIED + 99
    return ask.answer()


@fault("lying-304-by-date", options=BEFORE)
def _(ask):
    ask.content = OTHER if ask.state.changed else CONTENT
    return ask.answer()


@fault("true-304", options=("repeat",))
def _(ask):
    return ask.answer()


@fault("true-change", options=BEFORE)
def _(ask):
    if ask.state.changed:
        ask.content, ask.modified = OTHER, MODIFIED + 99
    return ask.answer()


@fault("lying-304-repeat", also={"lying-304", "etag-reused"}, options=("repeat",), without=True)
def _(ask):
    ask.tag, ask.modified = '"v1"', None
    ask.content = OTHER if ask.state.changed else CONTENT
    ask.state.changed |= ask.has("Origin")  # the last question before the rounds
    return ask.answer()


# ---- answers ----

@fault("unreachable", options=("nobody",))
def _(ask):
    return None


@fault("status-error")
def _(ask):
    return Answer(500, {"Date": date(time.time())}, b"no\n")


@fault("content-broken")
def _(ask):
    answer = ask.answer()
    answer.length = len(answer.content) + 10
    return answer


@fault("content-undelimited")
def _(ask):
    answer = ask.answer()
    answer.delimited = on(answer, 304, 412, 416)
    return answer


@fault("content-large")
def _(ask):
    ask.content = CONTENT * 2000
    return ask.answer()


def drip(ask, answer):
    """Sends the head, and then an octet now and then for as long as anybody listens."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in answer.fields.items())
    ask.connection.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n{lines}\r\n".encode())
    pause = threading.Event()
    while not pause.wait(0.02):
        ask.connection.wfile.write(b"x")


@fault("content-slow", options=("hasty",))
def _(ask):
    return drip(ask, ask.answer())


@fault("content-slow-later", also={"content-slow"}, options=("hasty",), without=True)
def _(ask):
    return drip(ask, ask.answer()) if ask.has("If-None-Match") else ask.answer()


@fault("digest-wrong")
def _(ask):
    return ask.answer().set("Repr-Digest", "sha-256=:" + "A" * 43 + "=:")


@fault("content-varies")
def _(ask):
    ask.modified = None
    ask.content = b"".join(tag_of(b"%d %d" % (i, ask.count)).encode() for i in range(40))
    return ask.answer()


@fault("content-noise")
def _(ask):
    ask.modified = None
    ask.content = CONTENT + b"<input name=token value=" + tag_of(b"%d" % ask.count).encode() + b">\n"
    return ask.answer()


@fault("content-changed")
def _(ask):
    # It changes between two questions; what Accept-Language seems to select is only newer.
    ask.modified = None
    if ask.has("Accept-Language"):
        ask.state.changed = True
    ask.content = OTHER if ask.state.changed else CONTENT
    return ask.answer()


@fault("connection-names-field")
def _(ask):
    return ask.answer().set("Connection", "cache-control")


@fault("requests-spent", options=("few",))
def _(ask):
    return ask.answer()


# ---- redirects ----

@fault("redirect")
def _(ask):
    return lead(302, "/clean")


@fault("redirect-chain", also={"redirect"})
def _(ask):
    return lead(302, "/redirect")


@fault("redirect-loop", also={"redirect"})
def _(ask):
    return lead(302, "/redirect-loop")


@fault("redirect-loop-of-two", also={"redirect", "redirect-chain", "redirect-loop"}, without=True)
def _(ask):
    return lead(302, "/redirect-loop-of-two?a" if "?a" not in ask.target
                else "/redirect-loop-of-two?b")


@fault("redirect-nowhere")
def _(ask):
    return lead(302)


@fault("redirect-insecure", also={"redirect"}, options=("secure",))
def _(ask):
    return lead(302, ask.server.insecure + "clean")


@fault("redirect-permanent-unstored", also={"redirect"})
def _(ask):
    return lead(301, "/clean", **{"Cache-Control": "no-store"})


# ---- HEAD ----

@fault("head-status")
def _(ask):
    return lead(404) if ask.method == "HEAD" else ask.answer()


@fault("head-fields")
def _(ask):
    answer = ask.answer()
    return answer.set("ETag", '"v9"') if ask.method == "HEAD" and on(answer, 200) else answer


@fault("head-fields-missing")
def _(ask):
    answer = ask.answer()
    return answer.drop("ETag") if ask.method == "HEAD" and on(answer, 200) else answer


@fault("head-with-content")
def _(ask):
    answer = ask.answer()
    answer.extra = CONTENT if ask.method == "HEAD" and on(answer, 200) else b""
    return answer


@fault("head-condition-ignored")
def _(ask):
    return ask.forget("If-None-Match" if ask.method == "HEAD" else "").answer()


# ---- other origins ----

@fault("cors-without-vary")
def _(ask):
    answer = ask.answer()
    return permit(ask, answer, origin=ask.get("Origin")) if ask.has("Origin") else answer


@fault("cors-304-differs")
def _(ask):
    answer = ask.answer()
    return permit(ask, answer, origin="https://a.invalid" if on(answer, 304) else "*")


@fault("cors-etag-hidden")
def _(ask):
    return permit(ask, ask.answer(), exposed=None)


@fault("cors-condition-refused")
def _(ask):
    return permit(ask, ask.answer(), headers=None)
