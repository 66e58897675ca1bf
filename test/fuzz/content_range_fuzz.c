/* Content-Range: what reads is written back to the same meaning, and a slow reader agrees. */
#include "fuzz.h"
#include "stet/range.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Takes an exact number off `*at`. */
static bool number_take(const char **at, uint64_t *number)
{
    char *end = NULL;

    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    *number = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0 && *number != UINT64_MAX;
}

static bool octet_take(const char **at, char octet)
{
    if (**at != octet)
        return false;
    ++*at;
    return true;
}

/* Reads the value, which ends with a NUL and has none inside, by [RFC 9110 §14.4]. */
static bool slow_read(const char *at, struct stet_content_range *to)
{
    memset(to, 0, sizeof *to);
    if (strncasecmp(at, "bytes ", 6) != 0)
        return false;
    at += 6;
    to->satisfied = *at != '*';
    if (to->satisfied) {
        if (!number_take(&at, &to->range.first) || !octet_take(&at, '-') ||
            !number_take(&at, &to->range.last) || to->range.first > to->range.last)
            return false;
    } else {
        at++;
    }
    if (!octet_take(&at, '/'))
        return false;
    if (to->satisfied && !strcmp(at, "*"))
        return true;
    to->length_known = true;
    return number_take(&at, &to->length) && *at == '\0' &&
           (!to->satisfied || to->length > to->range.last);
}

static bool same(const struct stet_content_range *a, const struct stet_content_range *b)
{
    return a->satisfied == b->satisfied && a->length_known == b->length_known &&
           a->range.first == b->range.first && a->range.last == b->range.last &&
           a->length == b->length;
}

static void check_writing(const struct stet_content_range *range)
{
    struct stet_content_range again;
    char text[STET_CONTENT_RANGE_MAX];
    size_t length = 0;

    if (!range->length_known)
        return;
    length = range->satisfied ? stet_content_range_write(range->range, range->length, text)
                              : stet_content_range_write_unsatisfied(range->length, text);
    must(length <= sizeof text);
    must(stet_content_range_read(stet_span(text, length), &again) && same(range, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_content_range got = {.length = 0}, want;
    bool valid = stet_content_range_read(stet_span((const char *)data, size), &got);

    if (valid)
        check_writing(&got);
    if (size > 0 && memchr(data, 0, size)) {
        must(!valid);
        return 0;
    }
    char *text = strndup(size ? (const char *)data : "", size);
    must(text);
    must(valid == slow_read(text, &want));
    must(!valid || same(&got, &want));
    free(text);
    return 0;
}
