"""Faults of validators and conditions, and of what a 304 carries."""
import time

from fault_server import CONTENT, MODIFIED, date, fault, found, lead, on, tag_of, when

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


@fault("etag-sometimes")
def _(ask):
    ask.tag = "" if ask.count == 2 else None
    return ask.answer()


@fault("etag-comes-later", also={"etag-sometimes"}, without=True)
def _(ask):
    ask.tag = "" if ask.count == 1 else None
    return ask.answer()


@fault("etag-comes-later-large", also={"etag-sometimes", "content-large"}, without=True)
def _(ask):
    ask.content = CONTENT * 2000
    ask.tag = "" if ask.count == 1 else None
    return ask.answer()


@fault("etag-hardens", without=True)
def _(ask):
    ask.weak = ask.count == 1
    return ask.answer()


@fault("etag-hardens-late", also={"etag-weak"}, without=True)
def _(ask):
    ask.weak = ask.count < 20  # somewhere among the conditions
    return ask.answer()


@fault("etag-hardens-at-head", also={"etag-weak"}, without=True)
def _(ask):
    ask.state.changed |= ask.method == "HEAD"
    ask.weak = not ask.state.changed
    return ask.answer()


@fault("if-match-in-a-cache", also={"cache-status"}, without=True)
def _(ask):
    # The first answer is the origin's; then a cache answers, which may ignore If-Match.
    answer = ask.forget("If-Match", "If-Unmodified-Since").answer()
    return answer.set("Cache-Status", "edge; hit" if ask.count > 1 else "edge; fwd=uri-miss; stored")


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


@fault("address-not-asked", options=("link",))
def _(ask):
    return ask.answer()


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
