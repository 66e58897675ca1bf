/* Dates of HTTP, read from three formats and written in one.
 *
 * The length of a text tells its format, since each has fixed columns:
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT      29            IMF-fixdate
 *     Sun Nov  6 08:49:37 1994           24            asctime
 *     Sunday, 06-Nov-94 08:49:37 GMT     24 + 6 to 9   RFC 850
 *
 * Words of three letters are compared as one number with their case folded. Days are counted in
 * the proleptic Gregorian calendar from 0001-01-01; no table of years, no time zone, no libc.
 */
#include "stet/date.h"

#define DAYS_TO_1970 719162 /* from 0001-01-01 */
#define DAY_SECONDS 86400

/* Three letters as a number, in lower case. Only letters fold to letters under 0x20. */
#define WORD(a, b, c) ((unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c))

static inline unsigned word_at(const char *at)
{
    return WORD((unsigned char)at[0] | 0x20, (unsigned char)at[1] | 0x20,
                (unsigned char)at[2] | 0x20);
}

/* A moment as the texts spell it. Months and days count from 1. */
struct civil {
    int year, month, day, hour, minute, second;
};

/* Days of the year before each month, the last being all of them; second row for leap years. */
static const int16_t days_before[2][13] = {
    {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
    {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366},
};

static inline bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_read(const char *at)
{
    switch (word_at(at)) {
    case WORD('j', 'a', 'n'):
        return 1;
    case WORD('f', 'e', 'b'):
        return 2;
    case WORD('m', 'a', 'r'):
        return 3;
    case WORD('a', 'p', 'r'):
        return 4;
    case WORD('m', 'a', 'y'):
        return 5;
    case WORD('j', 'u', 'n'):
        return 6;
    case WORD('j', 'u', 'l'):
        return 7;
    case WORD('a', 'u', 'g'):
        return 8;
    case WORD('s', 'e', 'p'):
        return 9;
    case WORD('o', 'c', 't'):
        return 10;
    case WORD('n', 'o', 'v'):
        return 11;
    case WORD('d', 'e', 'c'):
        return 12;
    default:
        return 0;
    }
}

static inline bool is_day_name(const char *at)
{
    unsigned word = word_at(at);
    return word == WORD('m', 'o', 'n') || word == WORD('t', 'u', 'e') ||
           word == WORD('w', 'e', 'd') || word == WORD('t', 'h', 'u') ||
           word == WORD('f', 'r', 'i') || word == WORD('s', 'a', 't') ||
           word == WORD('s', 'u', 'n');
}

/* Two digits as a number; 100 or more if they are none, which no part of a date may be. */
static inline int pair_read(const char *at)
{
    unsigned tens = (unsigned char)at[0] - (unsigned)'0';
    unsigned ones = (unsigned char)at[1] - (unsigned)'0';
    return tens > 9 || ones > 9 ? 100 : (int)(tens * 10 + ones);
}

static inline bool year_read(const char *at, int *year)
{
    int century = pair_read(at), rest = pair_read(at + 2);
    *year = century * 100 + rest;
    return century < 100 && rest < 100;
}

static inline bool time_read(const char *at, struct civil *civil)
{
    civil->hour = pair_read(at);
    civil->minute = pair_read(at + 3);
    civil->second = pair_read(at + 6);
    return at[2] == ':' && at[5] == ':';
}

static inline bool is_gmt(const char *at)
{
    return word_at(at) == WORD('g', 'm', 't');
}

static int64_t days_of(int year, int month, int day)
{
    int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400 + days_before[is_leap(year)][month - 1] +
           day - 1 - DAYS_TO_1970;
}

static inline bool civil_possible(const struct civil *civil)
{
    if (civil->year < 1 || civil->month < 1 || civil->day < 1 || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 60) /* [RFC 9110 §5.6.7] lets 60 stand */
        return false;
    const int16_t *before = days_before[is_leap(civil->year)];
    return civil->day <= before[civil->month] - before[civil->month - 1];
}

static inline int64_t civil_instant(const struct civil *civil)
{
    return days_of(civil->year, civil->month, civil->day) * DAY_SECONDS + civil->hour * 3600 +
           civil->minute * 60 + civil->second;
}

/* The moment of an instant, held within the years 1 to 9999. */
static struct civil civil_of(int64_t when)
{
    const int64_t first = (int64_t)-DAYS_TO_1970 * DAY_SECONDS;
    const int64_t last = INT64_C(253402300799);
    uint64_t since = (uint64_t)((when < first ? first : when > last ? last : when) - first);
    int days = (int)(since / DAY_SECONDS), second = (int)(since % DAY_SECONDS);

    int cycles = days / 146097; /* of 400 years */
    days %= 146097;
    int centuries = days / 36524 - days / 146096; /* the last century is a day longer */
    days -= centuries * 36524;
    int fours = days / 1461;
    days %= 1461;
    int years = days / 365 - days / 1460; /* as is the last year of four */
    days -= years * 365;

    struct civil civil = {cycles * 400 + centuries * 100 + fours * 4 + years + 1,
                          1,
                          0,
                          second / 3600,
                          second / 60 % 60,
                          second % 60};
    const int16_t *before = days_before[is_leap(civil.year)];
    civil.month = days / 31 + 1;
    if (days >= before[civil.month])
        civil.month++;
    civil.day = days - before[civil.month - 1] + 1;
    return civil;
}

/* A number that orders the moments of one year. */
static int64_t rank_in_year(const struct civil *civil)
{
    return (((int64_t)civil->month * 32 + civil->day) * 24 + civil->hour) * 3600 +
           civil->minute * 60 + civil->second;
}

/* The year meant by two digits: the latest that is not more than 50 years ahead of `now`
 * [RFC 9110 §5.6.7]. */
static int year_meant(const struct civil *civil, int64_t now)
{
    struct civil today = civil_of(now);
    int limit = today.year + 50;
    int year = limit - (limit + 100 - civil->year) % 100;
    if (year == limit && rank_in_year(civil) > rank_in_year(&today))
        year -= 100;
    return year;
}

static bool imf_read(const char *at, struct civil *civil)
{
    civil->day = pair_read(at + 5);
    civil->month = month_read(at + 8);
    return is_day_name(at) && at[3] == ',' && at[4] == ' ' && at[7] == ' ' && at[11] == ' ' &&
           year_read(at + 12, &civil->year) && at[16] == ' ' && time_read(at + 17, civil) &&
           at[25] == ' ' && is_gmt(at + 26);
}

static bool asctime_read(const char *at, struct civil *civil)
{
    const char day[2] = {at[8] == ' ' ? '0' : at[8], at[9]};
    civil->day = pair_read(day);
    civil->month = month_read(at + 4);
    return is_day_name(at) && at[3] == ' ' && at[7] == ' ' && at[10] == ' ' &&
           time_read(at + 11, civil) && at[19] == ' ' && year_read(at + 20, &civil->year);
}

static bool is_long_day_name(struct stet_span word)
{
    static const char names[7][10] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                      "Friday", "Saturday", "Sunday"};
    for (size_t i = 0; i < 7; i++)
        if (stet_span_equal_nocase(word, stet_span_of(names[i])))
            return true;
    return false;
}

static bool rfc850_read(struct stet_span text, int64_t now, struct civil *civil)
{
    size_t name = text.len - 24;
    const char *at = text.at + name;
    civil->day = pair_read(at + 2);
    civil->month = month_read(at + 5);
    civil->year = pair_read(at + 9);
    if (!is_long_day_name(stet_span(text.at, name)) || at[0] != ',' || at[1] != ' ' ||
        at[4] != '-' || at[8] != '-' || civil->year > 99 || at[11] != ' ' ||
        !time_read(at + 12, civil) || at[20] != ' ' || !is_gmt(at + 21))
        return false;
    civil->year = year_meant(civil, now);
    return true;
}

bool stet_date_read(struct stet_span text, int64_t now, int64_t *when)
{
    struct civil civil = {0};
    bool read;
    if (text.len == STET_DATE_LENGTH)
        read = imf_read(text.at, &civil);
    else if (text.len == 24)
        read = asctime_read(text.at, &civil);
    else
        read = text.len >= 30 && text.len <= 33 && rfc850_read(text, now, &civil);
    if (!read || !civil_possible(&civil))
        return false;
    *when = civil_instant(&civil);
    return true;
}

static inline void pair_write(int value, char *to)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
}

void stet_date_write(int64_t when, char to[STET_DATE_LENGTH])
{
    static const char day_names[] = "MonTueWedThuFriSatSun";
    static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil civil = civil_of(when);
    /* 0001-01-01 was a Monday. */
    int weekday = (int)((days_of(civil.year, civil.month, civil.day) + DAYS_TO_1970) % 7);

    memcpy(to, "Www, dd Mmm yyyy hh:mm:ss GMT", STET_DATE_LENGTH);
    memcpy(to, day_names + weekday * 3, 3);
    pair_write(civil.day, to + 5);
    memcpy(to + 8, month_names + (civil.month - 1) * 3, 3);
    pair_write(civil.year / 100, to + 12);
    pair_write(civil.year % 100, to + 14);
    pair_write(civil.hour, to + 17);
    pair_write(civil.minute, to + 20);
    pair_write(civil.second, to + 23);
}
