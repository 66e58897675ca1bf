/* --write-out: a format with variables as curl has them, and all of them as one line of JSON.
 */
#include "cli/get.h"

#include <stdio.h>
#include <string.h>

enum value_kind { VALUE_TEXT, VALUE_SPAN, VALUE_WHOLE, VALUE_BOOLEAN, VALUE_SECONDS };

struct value {
    const char *name;
    enum value_kind kind;
    struct stet_span text;
    int64_t number;
};

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static const char *version_text(uint16_t version)
{
    switch (version) {
    case 10:
        return "1.0";
    case 11:
        return "1.1";
    case 20:
        return "2";
    default:
        return "0";
    }
}

enum { VALUES_MAX = 40 };

#define VALUE_OF_TEXT(value) stet_span_of(value), 0
#define VALUE_OF_SPAN(value) value, 0
#define VALUE_OF_WHOLE(value) STET_SPAN_NONE, value
#define VALUE_OF_BOOLEAN(value) STET_SPAN_NONE, value
#define VALUE_OF_SECONDS(value) STET_SPAN_NONE, value

static size_t values_of(const struct get_job *job, const struct download_result *result,
                        struct value *values)
{
    const struct value all[] = {
#define VARIABLE(name, kind, value) {name, VALUE_##kind, VALUE_OF_##kind(value)},
#include "cli/get_writeout.tbl"
#undef VARIABLE
    };
    _Static_assert(sizeof all / sizeof *all <= VALUES_MAX, "more room for values");

    memcpy(values, all, sizeof all);
    return sizeof all / sizeof *all;
}

static void value_say(const struct value *value, bool json, struct text *to)
{
    switch (value->kind) {
    case VALUE_TEXT:
    case VALUE_SPAN:
        if (json)
            text_json(to, value->text.at, value->text.len);
        else
            text_put(to, value->text.at, value->text.len);
        break;
    case VALUE_WHOLE:
        text_say(to, "%lld", (long long)value->number);
        break;
    case VALUE_BOOLEAN:
        text_say(to, "%s", value->number ? "true" : "false");
        break;
    case VALUE_SECONDS:
        text_say(to, "%.6f", (double)value->number / 1e9);
        break;
    }
}

static void values_json(const struct value *values, size_t count, struct text *to)
{
    for (size_t i = 0; i < count; i++) {
        text_say(to, "%s\"%s\":", i ? "," : "{", values[i].name);
        value_say(&values[i], true, to);
    }
    text_put(to, "}", 1);
}

/* A name between braces; what is unknown stays as it is, as curl does not. */
static void variable_say(struct stet_span name, const struct value *values, size_t count,
                         struct text *to)
{
    if (stet_span_equal(name, STET_SPAN("json"))) {
        values_json(values, count, to);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (stet_span_equal(name, stet_span_of(values[i].name))) {
            value_say(&values[i], false, to);
            return;
        }
    text_say(to, "%%{%.*s}", (int)name.len, name.at);
}

/* The octet behind a backslash. */
static char escape_of(char letter)
{
    return letter == 'n' ? '\n' : letter == 't' ? '\t' : letter == 'r' ? '\r' : '\0';
}

void get_write_out(const char *format, const struct get_job *job,
                   const struct download_result *result, struct text *to)
{
    struct value values[VALUES_MAX];
    const size_t count = values_of(job, result, values);

    while (*format) {
        const char *end = format[0] == '%' && format[1] == '{' ? strchr(format, '}') : NULL;
        if (end) {
            variable_say(stet_span(format + 2, (size_t)(end - format - 2)), values, count, to);
            format = end + 1;
            continue;
        }
        const char escaped = format[0] == '\\' ? escape_of(format[1]) : '\0';
        const bool twice = format[0] == '%' && format[1] == '%';
        text_put(to, escaped ? &escaped : format, 1);
        format += escaped || twice ? 2 : 1;
    }
}
