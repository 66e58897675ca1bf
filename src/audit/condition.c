/* Conditions: the rows of condition.tbl, and their lines written for one answer's validators.
 *
 * Dates go out in all three forms that a recipient must read [RFC 9110 §5.6.7]. libstet writes the
 * one that is in use; the two obsolete ones are made of its text, so that there is one calendar.
 */
#include "audit/condition.h"

#include "audit/check.h"
#include "base/check.h"
#include "base/text.h"
#include "stet/date.h"
#include "stet/etag.h"

enum { CONDITION_EARLIER = 86400, CONDITION_LATER = 3600 };

static const struct condition condition_rows[] = {
#define CONDITION(id, name, method, lines, needs, finding, fresh) \
    {name, method, lines, (needs), FINDING_##finding, fresh},
#include "audit/condition.tbl"
#undef CONDITION
};

const struct condition *condition_row(enum condition_id id)
{
    CHECK((unsigned)id < CONDITION_COUNT);
    return &condition_rows[id];
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" as "Sunday, 06-Nov-94 08:49:37 GMT". */
static void say_rfc850(struct text *text, const char *date)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

    for (size_t i = 0; i < 7; i++)
        if (memcmp(days[i], date, 3) == 0)
            text_say(text, "%s, %.2s-%.3s-%.2s %.12s", days[i], date + 5, date + 8, date + 14,
                     date + 17);
}

/* The same as "Sun Nov  6 08:49:37 1994". */
static void say_asctime(struct text *text, const char *date)
{
    text_say(text, "%.3s %.3s %c%c %.8s %.4s", date, date + 8, date[5] == '0' ? ' ' : date[5],
             date[6], date + 17, date + 12);
}

static void say_date(struct text *text, const struct probe *base, char form)
{
    int64_t modified = 0, date = 0;
    char words[STET_DATE_LENGTH];

    check_date(base, STET_FIELD_LAST_MODIFIED, &modified);
    if (!check_date(base, STET_FIELD_DATE, &date))
        date = check_now(base);
    if (form == 'B')
        modified -= CONDITION_EARLIER;
    /* A date to come says nothing; but it must be a later one. */
    if (form == 'L')
        modified += modified + CONDITION_LATER < date ? CONDITION_LATER : 1;
    stet_date_write(modified, words);
    if (form == 'E')
        say_rfc850(text, words);
    else if (form == 'F')
        say_asctime(text, words);
    else
        text_put(text, words, sizeof words);
}

static void say_tag(struct text *text, const struct probe *base, char form)
{
    const struct stet_etag tag = stet_etag_of(&base->response.head);

    text_say(text, "%s\"", form == 'T' && tag.weak ? "W/" : "");
    text_put(text, tag.opaque.at, tag.opaque.len);
    text_say(text, "\"");
}

char *condition_lines(const struct condition *condition, const struct probe *base)
{
    struct text text = {0};

    for (const char *at = condition->lines; *at; at++) {
        if (*at != '%')
            text_put(&text, at, 1);
        else if (*++at == 'T' || *at == 'O')
            say_tag(&text, base, *at);
        else
            say_date(&text, base, *at);
    }
    text_put(&text, "", 1);
    if (text.failed)
        text_fini(&text);
    return text.at;
}

unsigned condition_has(const struct probe *base)
{
    const struct stet_etag tag = stet_etag_of(&base->response.head);
    int64_t modified;
    unsigned has = 0;

    if (stet_etag_present(tag))
        has |= CONDITION_TAG | (tag.weak ? 0 : CONDITION_STRONG);
    if (check_date(base, STET_FIELD_LAST_MODIFIED, &modified))
        has |= CONDITION_DATE;
    if (!check_from_cache(base))
        has |= CONDITION_ORIGIN;
    return has;
}
