/* Ranges against a bitmap: what is sent is what was asked for, joined and bounded.
 *
 * The first octet chooses how the length is made (the next one to eight octets), the rest is the
 * value. Short contents are compared with a bitmap of every octet; for all of them the parts lie
 * inside, apart, and together within the length.
 */
#include "fuzz.h"
#include "stet/multipart.h"

#include <string.h>

#define SHORT 8192

/* A set as a slow reader sees it. */
struct oracle {
    size_t length;
    unsigned char asked[SHORT];  /* 1 + number of the member that asked first, capped; 0: nobody */
    bool sent[SHORT];            /* asked, or in a gap too small to leave out */
    size_t overlapping;          /* members that share an octet with what is sent already */
    size_t members, satisfiable; /* satisfiable by an octet */
    bool empty;                  /* a suffix of an empty content */
    bool ignored;
};

/* Reads digits; false when there are none. Very large numbers become the same large number. */
static bool digits_take(struct stet_span *text, uint64_t *number)
{
    size_t before = text->len;

    *number = 0;
    while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
        uint64_t digit = (uint64_t)(text->at[0] - '0');
        bool fits = !__builtin_mul_overflow(*number, (uint64_t)10, number) &&
                    !__builtin_add_overflow(*number, digit, number);
        if (!fits)
            *number = UINT64_MAX;
        *text = stet_span_from(*text, 1);
        if (!fits)
            while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9')
                *text = stet_span_from(*text, 1);
    }
    return text->len < before;
}

/* Closes the gaps between octets that are sent, and counts the pieces. */
static size_t oracle_pieces(struct oracle *oracle)
{
    size_t pieces = 0, end = 0;

    for (size_t i = 0; i < oracle->length; i++) {
        if (!oracle->sent[i])
            continue;
        if (pieces > 0 && i - end < STET_RANGE_GAP)
            memset(oracle->sent + end, true, i - end);
        else
            pieces++;
        end = i + 1;
    }
    return pieces;
}

static void oracle_range(struct oracle *oracle, uint64_t first, uint64_t last)
{
    bool overlaps = false;

    oracle->satisfiable++;
    for (uint64_t i = first; i <= last && i < oracle->length; i++) {
        overlaps = overlaps || oracle->sent[i];
        oracle->sent[i] = true;
        if (!oracle->asked[i])
            oracle->asked[i] = (unsigned char)(oracle->members < 255 ? oracle->members : 255);
    }
    oracle->overlapping += overlaps;
    if (oracle->overlapping > 1 || oracle_pieces(oracle) > STET_RANGES_MAX)
        oracle->ignored = true;
}

static void oracle_member(struct oracle *oracle, struct stet_span member)
{
    uint64_t first = 0, last = UINT64_MAX;
    bool from = digits_take(&member, &first);
    bool dash = member.len > 0 && member.at[0] == '-';
    struct stet_span rest = stet_span_from(member, 1);
    bool to = dash && digits_take(&rest, &last);

    oracle->members++;
    if (!to)
        last = UINT64_MAX;
    if (!dash || rest.len > 0 || (!from && !to) || (from && last < first)) {
        oracle->ignored = true;
    } else if (from && first < oracle->length) {
        oracle_range(oracle, first, last);
    } else if (!from && last > 0 && oracle->length > 0) {
        oracle_range(oracle, last < oracle->length ? oracle->length - last : 0, UINT64_MAX - 1);
    } else if (!from && last > 0) {
        oracle->empty = true;
    }
}

/* Reads the value. A DQUOTE anywhere is off the grammar, so its commas need no care. */
static void oracle_read(struct oracle *oracle, struct stet_span value)
{
    struct stet_span rest = stet_span_from(value, 6);

    if (value.len < 6 || !stet_span_equal_nocase(stet_span(value.at, 6), STET_SPAN("bytes="))) {
        oracle->ignored = true;
        return;
    }
    while (rest.len > 0 && !oracle->ignored) {
        size_t comma = stet_span_find(rest, ',');
        struct stet_span member = stet_span_trim(stet_span(rest.at, comma));
        if (member.len > 0)
            oracle_member(oracle, member);
        rest = stet_span_from(rest, comma + 1);
    }
    oracle->ignored = oracle->ignored || oracle->members == 0;
}

/* The parts are exactly the pieces of the bitmap. */
static void compare_parts(const struct oracle *oracle, const struct stet_ranges *got)
{
    size_t octets = 0, sent = 0;
    unsigned order = 0;

    for (size_t i = 0; i < oracle->length; i++)
        sent += oracle->sent[i];
    for (size_t i = 0; i < got->count; i++) {
        unsigned earliest = 255;
        for (uint64_t at = got->at[i].first; at <= got->at[i].last; at++) {
            must(oracle->sent[at]);
            if (oracle->asked[at] && oracle->asked[at] < earliest)
                earliest = oracle->asked[at];
        }
        must(earliest >= order); /* in the order of the first member of each */
        order = earliest;
        octets += got->at[i].last - got->at[i].first + 1;
    }
    must(octets == sent);
}

static void compare(struct stet_span value, uint64_t length, const struct stet_ranges *got)
{
    static struct oracle oracle;

    memset(&oracle, 0, sizeof oracle);
    oracle.length = (size_t)length;
    oracle_read(&oracle, value);
    if (oracle.ignored) {
        must(got->answer == STET_RANGE_WHOLE && got->reason == STET_REASON_RANGE_IGNORED);
    } else if (oracle.empty) {
        must(got->answer == STET_RANGE_WHOLE && got->reason == STET_REASON_RANGE_SATISFIED);
    } else if (oracle.satisfiable == 0) {
        must(got->answer == STET_RANGE_UNSATISFIABLE);
    } else {
        must(got->answer == STET_RANGE_PARTS);
        compare_parts(&oracle, got);
    }
}

/* What holds for every length [RFC 9110 §14.2]. */
static void check_bounds(const struct stet_ranges *got, uint64_t length)
{
    uint64_t sum = 0;

    must((got->answer == STET_RANGE_PARTS) == (got->count > 0) && got->count <= STET_RANGES_MAX);
    for (size_t i = 0; i < got->count; i++) {
        struct stet_range range = got->at[i];
        must(range.first <= range.last && range.last < length);
        must(!__builtin_add_overflow(sum, range.last - range.first + 1, &sum) && sum <= length);
        for (size_t other = 0; other < i; other++) {
            struct stet_range before = got->at[other];
            must(before.last < range.first
                     ? range.first - before.last > STET_RANGE_GAP
                     : range.last < before.first && before.first - range.last > STET_RANGE_GAP);
        }
    }
}

static void check_framing(const struct stet_ranges *got, uint64_t length)
{
    struct stet_multipart multipart = {.type = STET_SPAN("application/octet-stream"),
                                       .length = length};
    char text[STET_MULTIPART_PART_MAX(sizeof "application/octet-stream")];
    uint64_t written = STET_MULTIPART_END_LENGTH;

    for (size_t i = 0; i < got->count; i++) {
        written += stet_multipart_part_write(&multipart, i == 0, got->at[i], text);
        written += got->at[i].last - got->at[i].first + 1;
    }
    must(stet_multipart_length(&multipart, got) == written);
    must(got->count < 2 || written <= 2 * length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t length = 0;
    size_t octets = 0;

    if (size < 1)
        return 0;
    octets = data[0] % 8 + 1;
    if (size < 1 + octets)
        return 0;
    memcpy(&length, data + 1, octets);
    struct stet_span value = stet_span((const char *)data + 1 + octets, size - 1 - octets);
    struct stet_ranges got = stet_ranges_in(value, length);

    check_bounds(&got, length);
    if (length < UINT64_C(1) << 63)
        check_framing(&got, length);
    if (length <= SHORT)
        compare(value, length, &got);
    return 0;
}
