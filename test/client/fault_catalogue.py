"""Every fault that `stet audit` knows, made on purpose: see fault_server.py.

The groups are those of src/audit/finding.tbl. A fault changes as little as it can, so that nothing
else is found: what comes with it all the same is named in `also`.
"""
import gzip
import time

from fault_server import CONTENT, MODIFIED, Answer, date, fault, tag_of, when

OTHER = CONTENT.replace(b"stand", b"lapse")
BEFORE = ("before",)  # the audit is run, the content changes, the audit is run again


def clean(name):
    return fault(name, without=True)


def on(answer, *statuses):
    return answer.status in statuses


def found(answer):
    """The 200 and its parts."""
    return on(answer, 200, 206)


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


# ---- whether a 304 was true ----

@fault("lying-304", also={"etag-reused", "lying-304-by-date"}, options=BEFORE)
def _(ask):
    ask.tag = '"v1"'
    ask.content = OTHER if ask.state.changed else CONTENT
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


@fault("requests-spent", options=("few",))
def _(ask):
    return ask.answer()


# ---- redirects ----

def lead(status, where=None, **fields):
    answer = Answer(status, {"Date": date(time.time()), **fields})
    return answer.set("Location", where) if where else answer


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


# ---- entity tags ----

@fault("validators-missing")
def _(ask):
    ask.tag, ask.modified = "", None
    return ask.answer()


@fault("etag-missing")
def _(ask):
    ask.tag = ""
    return ask.answer()


@fault("etag-malformed")
def _(ask):
    ask.tag = "v1"
    return ask.answer()


@fault("etag-repeated")
def _(ask):
    ask.tag = ""
    return ask.answer().set("ETag", ['"a"', '"b"'])


@fault("etag-weak")
def _(ask):
    ask.weak = True
    return ask.answer()


@fault("etag-unstable")
def _(ask):
    ask.tag, ask.modified = f'"{ask.count}"', None
    return ask.answer()


@fault("etag-differs-by-connection")
def _(ask):
    ask.tag, ask.modified = f'"{ask.connection.client_address[1]}"', None
    return ask.answer()


@fault("etag-differs-by-address", options=("addresses",))
def _(ask):
    ask.tag = tag_of(ask.local.encode())
    return ask.answer()


@fault("content-differs-by-address", options=("addresses",))
def _(ask):
    ask.content = CONTENT + ask.local.encode()
    return ask.answer()


@fault("last-modified-differs-by-address", options=("addresses",))
def _(ask):
    ask.modified = MODIFIED + int(ask.local[-1])
    return ask.answer()


@fault("address-unreachable", options=("addresses",))
def _(ask):
    # Whichever address is asked first is the good one.
    if not hasattr(ask.state, "first"):
        ask.state.first = ask.local
    return ask.answer() if ask.local == ask.state.first else lead(500)


@fault("clean-addresses", without=True, options=("addresses",))
def _(ask):
    return ask.answer()


# ---- Last-Modified ----

@fault("last-modified-malformed")
def _(ask):
    ask.modified = None
    answer = ask.answer()
    return answer.set("Last-Modified", "yesterday") if found(answer) else answer


@fault("last-modified-obsolete-form")
def _(ask):
    answer = ask.answer()
    text = time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(MODIFIED))
    return answer.set("Last-Modified", text) if found(answer) else answer


@fault("last-modified-future")
def _(ask):
    ask.modified = 4_000_000_000
    return ask.answer()


@fault("last-modified-epoch")
def _(ask):
    ask.modified = 1
    return ask.answer()


@fault("last-modified-moving")
def _(ask):
    ask.modified = MODIFIED + ask.count
    return ask.answer()


# ---- asking by tag ----

@fault("revalidates")
def _(ask):
    return ask.answer()


@fault("own-tag-ignored")
def _(ask):
    ask.modified = None
    return ask.forget("If-None-Match").answer()


@fault("tag-list-ignored")
def _(ask):
    return ask.forget("If-None-Match" if "," in (ask.get("If-None-Match") or "") else "").answer()


@fault("tag-star-ignored")
def _(ask):
    return ask.forget("If-None-Match" if ask.get("If-None-Match") == "*" else "").answer()


@fault("tag-weak-form-ignored")
def _(ask):
    weak = (ask.get("If-None-Match") or "").startswith("W/")
    return ask.forget("If-None-Match" if weak else "").answer()


@fault("other-tag-304")
def _(ask):
    ask.modified = None
    if ask.has("If-None-Match"):
        ask.fields["if-none-match"] = "*"
    return ask.answer()


@fault("condition-breaks")
def _(ask):
    return lead(500) if ask.has("If-None-Match") else ask.answer()


# ---- asking by date ----

@fault("revalidates-by-date", also={"etag-missing"})
def _(ask):
    ask.tag = ""
    return ask.answer()


@fault("own-date-ignored")
def _(ask):
    return ask.forget("If-Modified-Since").answer()


@fault("date-form-ignored")
def _(ask):
    obsolete = len(ask.get("If-Modified-Since") or "") != 29
    return ask.forget("If-Modified-Since" if obsolete else "").answer()


@fault("date-later-ignored")
def _(ask):
    later = (when(ask.get("If-Modified-Since") or "") or 0) > MODIFIED
    return ask.forget("If-Modified-Since" if later else "").answer()


@fault("date-old-304")
def _(ask):
    if not ask.has("If-None-Match") and when(ask.get("If-Modified-Since") or ""):
        ask.fields["if-modified-since"] = date(MODIFIED)
    return ask.answer()


@fault("date-invalid-304")
def _(ask):
    if ask.has("If-Modified-Since") and not when(ask.get("If-Modified-Since")):
        ask.fields["if-modified-since"] = date(MODIFIED)
    return ask.answer()


# ---- several conditions ----

@fault("order-date-over-tag")
def _(ask):
    if ask.has("If-Modified-Since") and "stet-audit" in (ask.get("If-None-Match") or ""):
        ask.forget("If-None-Match")
    return ask.answer()


@fault("order-tag-needs-date")
def _(ask):
    old = (when(ask.get("If-Modified-Since") or "") or MODIFIED) < MODIFIED
    return ask.forget("If-None-Match" if old else "").answer()


@fault("order-304-before-412")
def _(ask):
    return ask.forget("If-Match" if ask.has("If-None-Match") else "").answer()


@fault("order-date-over-match")
def _(ask):
    return ask.forget("If-Match" if ask.has("If-Unmodified-Since") else "").answer()


@fault("if-match-ignored")
def _(ask):
    other = ask.get("If-Match") == '"stet-audit"' and not ask.has("If-None-Match")
    return ask.forget("If-Match" if other else "").answer()


@fault("if-match-refused")
def _(ask):
    own = ask.has("If-Match") and not ask.has("If-None-Match", "If-Unmodified-Since")
    return lead(412) if own else ask.answer()


@fault("if-match-weak")
def _(ask):
    if ask.has("If-Match"):
        ask.fields["if-match"] = ask.get("If-Match").removeprefix("W/")
    return ask.answer()


@fault("if-unmodified-since-ignored")
def _(ask):
    return ask.forget("If-Unmodified-Since").answer()


@fault("order-range-before-condition")
def _(ask):
    return ask.forget("If-None-Match" if ask.has("Range") else "").answer()


# ---- what a 304 carries ----

def with_304(name, change, **more):
    """A fault of 304s alone."""
    @fault(name, **more)
    def _(ask):
        answer = ask.answer()
        if on(answer, 304):
            change(answer)
        return answer


def push(answer):
    answer.extra = b"behind the end"


with_304("304-with-content", push)
with_304("304-without-etag", lambda answer: answer.drop("ETag"))
with_304("304-other-etag", lambda answer: answer.set("ETag", '"v9"'))
with_304("304-without-cache-control", lambda answer: answer.drop("Cache-Control"))
with_304("304-other-cache-control", lambda answer: answer.set("Cache-Control", "max-age=60"))
with_304("304-without-vary", lambda answer: answer.drop("Vary"))
with_304("304-without-date", lambda answer: answer.drop("Date"))
with_304("304-content-length", lambda answer: answer.set("Content-Length", "5"))
with_304("304-content-fields", lambda answer: answer.set("Content-Type", "text/plain"))
with_304("304-other-content-encoding", lambda answer: answer.set("Content-Encoding", "gzip"))
with_304("304-set-cookie", lambda answer: answer.set("Set-Cookie", "a=b"))


@fault("304-without-content-location")
def _(ask):
    answer = ask.answer()
    return answer.set("Content-Location", "/clean") if found(answer) else answer


# ---- HEAD ----

@fault("head-status")
def _(ask):
    return lead(404) if ask.method == "HEAD" else ask.answer()


@fault("head-fields")
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


# ---- ranges ----

@fault("ranges-unsupported")
def _(ask):
    return ask.forget("Range").answer().drop("Accept-Ranges")


@fault("accept-ranges-untrue")
def _(ask):
    return ask.forget("Range").answer()


def with_part(name, status, change):
    """A fault of answers to ranges alone."""
    @fault(name)
    def _(ask):
        answer = ask.answer()
        return change(answer) if on(answer, status) else answer


def spoil(answer):
    answer.content = b"X" * len(answer.content)
    return answer


with_part("range-wrong", 206, spoil)
with_part("range-without-content-range", 206, lambda answer: answer.drop("Content-Range"))
with_part("206-other-validator", 206, lambda answer: answer.set("ETag", '"v9"'))
with_part("416-without-length", 416, lambda answer: answer.drop("Content-Range"))


@fault("416-missing")
def _(ask):
    answer = ask.answer()
    return ask.forget("Range").answer() if on(answer, 416) else answer


@fault("if-range-other-tag")
def _(ask):
    return ask.forget("If-Range" if ask.get("If-Range") == '"stet-audit"' else "").answer()


@fault("if-range-other-date")
def _(ask):
    return ask.forget("If-Range" if when(ask.get("If-Range") or "") else "").answer()


@fault("if-range-weak")
def _(ask):
    weak = (ask.get("If-Range") or "").startswith("W/")
    return ask.forget("If-Range" if weak else "").answer()


@fault("if-range-refused")
def _(ask):
    return ask.forget("Range" if ask.has("If-Range") else "").answer()


# ---- codings ----

@fault("coding-same-tag")
def _(ask):
    ask.codes, ask.tag = True, '"v1"'
    return ask.answer()


@fault("coding-tag-ignored")
def _(ask):
    ask.codes = True
    return ask.forget("If-None-Match" if ask.coded() else "").answer()


@fault("coding-cross-304")
def _(ask):
    ask.codes = True
    plain, coded = tag_of(CONTENT), tag_of(gzip.compress(CONTENT, mtime=0))
    if ask.get("If-None-Match") in (plain, coded):
        ask.fields["if-none-match"] = f"{plain}, {coded}"
    return ask.answer()


@fault("coding-without-vary")
def _(ask):
    ask.codes, ask.vary = True, None
    return ask.answer()


@fault("coding-unasked")
def _(ask):
    ask.codes, ask.fields["accept-encoding"] = True, "gzip"
    return ask.answer()


@fault("coding-drops-validators")
def _(ask):
    ask.codes = True
    answer = ask.answer()
    return answer.drop("ETag", "Last-Modified") if ask.coded() else answer


@fault("coding-unstable", also={"coding-tag-ignored"})
def _(ask):
    ask.codes = True
    if not ask.coded():
        return ask.answer()
    answer = ask.forget("If-None-Match").answer()
    answer.content = gzip.compress(CONTENT, mtime=ask.count)
    return answer.set("ETag", '"gz"')


@fault("coding-none")
def _(ask):
    ask.content = CONTENT * 3
    return ask.answer()


@fault("coding-larger")
def _(ask):
    ask.codes, ask.content = True, b"0123456789"
    return ask.answer()


# ---- negotiation ----

def varying(name, value):
    @fault(name)
    def _(ask):
        ask.vary = value
        return ask.answer()


varying("vary-star", "*")
varying("vary-malformed", "a b")
varying("vary-user-agent", "User-Agent")
varying("vary-cookie", "Cookie")


@fault("vary-inconsistent")
def _(ask):
    ask.codes = True
    ask.vary = "Accept-Encoding" if ask.coded() else None
    return ask.answer()


@fault("negotiates-without-vary")
def _(ask):
    ask.content = OTHER if (ask.get("Accept-Language") or "").startswith("de") else CONTENT
    return ask.answer()


# ---- cookies ----

@fault("set-cookie-public")
def _(ask):
    ask.control = "public, max-age=60"
    answer = ask.answer()
    return answer.set("Set-Cookie", "a=b") if on(answer, 200) else answer


@fault("set-cookie-cacheable")
def _(ask):
    ask.control = "max-age=60"
    answer = ask.answer()
    return answer.set("Set-Cookie", "a=b") if on(answer, 200) else answer


@fault("set-cookie-each-time")
def _(ask):
    answer = ask.answer()
    return answer.set("Set-Cookie", f"a={ask.count}") if on(answer, 200) else answer


@fault("cookie-breaks-validation")
def _(ask):
    return ask.forget("If-None-Match" if ask.has("Cookie") else "").answer()


@fault("cookie-without-vary")
def _(ask):
    ask.content = OTHER if ask.has("Cookie") else CONTENT
    return ask.answer()


# ---- Cache-Control and Expires ----

def controlled(name, value, also=(), path=None):
    @fault(name, also=also, path=path)
    def _(ask):
        ask.control = value
        return ask.answer()


controlled("cache-control-stated", "no-cache")
controlled("cache-control-missing", None)
controlled("cache-control-malformed", "max-age=soon")
controlled("cache-control-unknown", "no-cache, no-cash")
controlled("cache-control-conflict", "public, private, max-age=60")
controlled("no-store-with-validators", "no-store")
controlled("immutable-without-fingerprint", "max-age=31536000, immutable")
controlled("immutable-without-lifetime", "immutable")
controlled("fingerprint-not-cached", "no-cache", path="app.4f3c9a1b.js")


def expiring(name, control, expires):
    @fault(name)
    def _(ask):
        ask.control = control
        return ask.answer().set("Expires", expires)


expiring("expires-against-max-age", "max-age=60", date(time.time() + 86400))
expiring("expires-malformed", "no-cache", "0")


def on_200(name, field, value, also=()):
    """A fault of the 200 alone."""
    @fault(name, also=also)
    def _(ask):
        answer = ask.answer()
        return answer.set(field, value() if callable(value) else value) if on(answer, 200) else answer


on_200("pragma-in-response", "Pragma", "no-cache")

# ---- Date and Age ----

@fault("date-missing")
def _(ask):
    answer = ask.answer()
    return answer.drop("Date") if on(answer, 200) else answer


on_200("date-malformed", "Date", "soon")
on_200("date-skewed", "Date", lambda: date(time.time() + 3600))
on_200("age-missing", "Date", lambda: date(time.time() - 3600))
on_200("age-malformed", "Age", "old")


@fault("served-stale")
def _(ask):
    ask.control = "max-age=60"
    return ask.answer().set("Age", "100").set("Date", date(time.time() - 100))


# ---- caches on the way ----

on_200("cache-status", "Cache-Status", "edge; hit; ttl=10")
on_200("cache-status-malformed", "Cache-Status", "edge; hit; ttl=")
on_200("x-cache", "X-Cache", "HIT")

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
