/* Dates: what is read, written and read again is the same instant; a date that is read without its
 * day name in mind reads the same under any case. */
#include <string.h>

#include "stet/date.h"

#include "fuzz.h"

#define FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static void text_tried(struct stet_span text, int64_t now)
{
    int64_t when = 0, again = 0;
    if (!stet_date_read(text, now, &when))
        return;
    must(text.len >= 24 && text.len <= 33);
    /* Second 60 and two-digit years reach a little beyond 9999. */
    must(when >= FIRST && when < LAST + INT64_C(86400) * 366 * 51);

    char other[33];
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        other[i] = (char)(letter ? byte ^ 0x20 : byte);
    }
    must(stet_date_read(stet_span(other, text.len), now, &again) && again == when);
}

static void instant_tried(int64_t when)
{
    char text[STET_DATE_LENGTH];
    int64_t again = 0;
    stet_date_write(when, text);
    must(stet_date_read(stet_span(text, sizeof text), 0, &again));
    must(again == (when < FIRST ? FIRST : when > LAST ? LAST : when));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now = 0;
    if (size < sizeof now)
        return 0;
    memcpy(&now, data, sizeof now);
    instant_tried(now);
    instant_tried(now % LAST);
    text_tried(stet_span((const char *)data + sizeof now, size - sizeof now), now);
    text_tried(stet_span((const char *)data + sizeof now, size - sizeof now), now % LAST);
    return 0;
}
