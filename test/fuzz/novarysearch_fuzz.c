/* Equivalence of queries is reflexive and symmetric, and is what a plain decoder says it is.
 *
 * The first octet has the options; the field and two queries follow, divided by line feeds. The
 * plain decoder decodes each query into buffers of its own, re-encodes what matters into one
 * canonical text, and compares texts. */
#include "fuzz.h"

#include <string.h>

#include "stet/novarysearch.h"

enum { PAIRS = 64, ROOM = 1 << 14 };

struct text {
    unsigned char at[ROOM];
    size_t len;
};

static struct stet_span line(struct stet_span *rest)
{
    size_t end = stet_span_find(*rest, '\n');
    struct stet_span text = stet_span(rest->at, end);
    *rest = stet_span_from(*rest, end + 1);
    return text;
}

static int hex_value(unsigned char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* "+" and percent-escapes. */
static size_t decode_form(const char *from, size_t len, unsigned char *to)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)from[i];
        if (c == '%' && i + 2 < len && hex_value((unsigned char)from[i + 1]) >= 0 &&
            hex_value((unsigned char)from[i + 2]) >= 0) {
            to[done++] = (unsigned char)(hex_value((unsigned char)from[i + 1]) * 16 +
                                         hex_value((unsigned char)from[i + 2]));
            i += 2;
        } else {
            to[done++] = c == '+' ? ' ' : c;
        }
    }
    return done;
}

/* The length of the well-formed character at `at`, or minus the octets that one U+FFFD replaces. */
static int character(const unsigned char *at, size_t len)
{
    static const struct {
        unsigned char lead, last, low, high;
        int count;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (at[0] < rows[row].lead || at[0] > rows[row].last)
            continue;
        for (int i = 1; i < rows[row].count; i++) {
            unsigned char low = i == 1 ? rows[row].low : 0x80,
                          high = i == 1 ? rows[row].high : 0xbf;
            if ((size_t)i >= len || at[i] < low || at[i] > high)
                return -i;
        }
        return rows[row].count;
    }
    return -1;
}

static void append(struct text *to, const void *octets, size_t len)
{
    must(to->len + len <= ROOM);
    memcpy(to->at + to->len, octets, len);
    to->len += len;
}

/* Appends the decoded text, well-formed, and a divider that is in no UTF-8. */
static void append_decoded(struct text *to, struct stet_span form, unsigned char divider)
{
    unsigned char octets[ROOM];
    size_t len = decode_form(form.at, form.len, octets);
    for (size_t i = 0; i < len;) {
        int size = character(octets + i, len - i);
        append(to, size > 0 ? octets + i : (const unsigned char *)"\xef\xbf\xbd",
               size > 0 ? (size_t)size : 3);
        i += (size_t)abs(size);
    }
    append(to, &divider, 1);
}

static bool is_named(const struct stet_novarysearch *rule, struct stet_span name)
{
    static struct text wanted, listed;
    struct stet_sf walk = rule->names;
    struct stet_sf_member member;
    wanted.len = 0;
    append_decoded(&wanted, name, 0xff);
    while (stet_sf_next(&walk, &member)) {
        char plain[ROOM];
        listed.len = 0;
        append_decoded(&listed, stet_span(plain, stet_sf_decode(&member, plain, ROOM)), 0xff);
        if (listed.len == wanted.len && !memcmp(listed.at, wanted.at, wanted.len))
            return true;
    }
    return false;
}

/* One pair, decoded: its name and where its value starts. */
struct pair {
    unsigned char *at;
    size_t name, len, index;
};

static int by_name(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    size_t common = x->name < y->name ? x->name : y->name;
    int order = memcmp(x->at, y->at, common);
    if (order == 0 && x->name != y->name)
        order = x->name < y->name ? -1 : 1;
    return order ? order : x->index < y->index ? -1 : 1;
}

/* The canonical text of a query; false if it has too many pairs. */
static size_t canonical(const struct stet_novarysearch *rule, struct stet_span query,
                        struct text *to)
{
    static struct text all;
    struct pair pairs[2 * PAIRS];
    size_t seen = 0, count = 0;
    all.len = to->len = 0;
    while (query.len) {
        struct stet_span part = stet_span(query.at, stet_span_find(query, '&'));
        query = stet_span_from(query, part.len + 1);
        size_t equals = stet_span_find(part, '=');
        struct stet_span name = stet_span(part.at, equals);
        if (part.len == 0 || seen++ >= PAIRS)
            continue;
        if (is_named(rule, name) != (rule->rule == STET_NOVARYSEARCH_ONLY))
            continue;
        struct pair *pair = &pairs[count];
        *pair = (struct pair){.at = all.at + all.len, .index = count};
        append_decoded(&all, name, 0xff);
        pair->name = (size_t)(all.at + all.len - pair->at);
        append_decoded(&all, stet_span_from(part, equals + 1), 0xfe);
        pair->len = (size_t)(all.at + all.len - pair->at);
        count++;
    }
    if (rule->order_free && count)
        qsort(pairs, count, sizeof(pairs[0]), by_name);
    for (size_t i = 0; i < count; i++)
        append(to, pairs[i].at, pairs[i].len);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 2048)
        return 0;
    static struct text x, y;
    struct stet_field fields[1];
    struct stet_head head = {.fields = fields};
    struct stet_span rest = stet_span((const char *)data + 1, size - 1);
    stet_head_add(&head, fields, STET_SPAN("No-Vary-Search"), line(&rest));
    struct stet_novarysearch rule = stet_novarysearch_of(&head, data[0] & 1);
    struct stet_span a = line(&rest), b = data[0] & 2 ? STET_SPAN_NONE : line(&rest);
    struct stet_query_pair room[PAIRS];
    bool equal = stet_novarysearch_equal(&rule, a, b, room, PAIRS);
    must(stet_novarysearch_equal(&rule, a, a, room, PAIRS));
    must(stet_novarysearch_equal(&rule, b, b, room, 0));
    must(equal == stet_novarysearch_equal(&rule, b, a, room, PAIRS));
    if (rule.rule == STET_NOVARYSEARCH_EXACT) {
        must(equal == ((a.at == NULL) == (b.at == NULL) && stet_span_equal(a, b)));
        return 0;
    }
    size_t pairs = canonical(&rule, a, &x) + canonical(&rule, b, &y);
    if (pairs <= PAIRS)
        must(equal == (x.len == y.len && !memcmp(x.at, y.at, x.len)));
    else
        must(equal == ((a.at == NULL) == (b.at == NULL) && stet_span_equal(a, b)));
    return 0;
}
