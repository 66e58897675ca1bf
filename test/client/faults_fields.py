"""Faults of parts, codings and fields: ranges, negotiation, cookies, freshness, caches on the way."""
import gzip
import time

from fault_server import CONTENT, OTHER, clean, date, fault, on, tag_of, when

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


@clean("clean-queries")
def _(ask):
    return ask.answer().set("No-Vary-Search", 'params=("stet-audit")')


@fault("no-vary-search-untrue")
def _(ask):
    ask.content = OTHER if "?" in ask.target else CONTENT
    return ask.answer().set("No-Vary-Search", 'params=("stet-audit")')


@fault("no-vary-search-varies")
def _(ask):
    answer = ask.answer()
    return answer if "?" in ask.target else answer.set("No-Vary-Search", "params")


# ---- cookies ----

@fault("set-cookie-public")
def _(ask):
    ask.control = "max-age=60, s-maxage=60"
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
controlled("lifetime-missing", "private")
controlled("public-needless", "public, max-age=60")
controlled("must-understand-alone", "must-understand, max-age=60")
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
