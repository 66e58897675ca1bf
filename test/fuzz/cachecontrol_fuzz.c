/* Cache-Control against a slow second reading, and against its own canonical form.
 *
 * The input is the lines of the field, divided by line feeds. The second reading collects every
 * occurrence of every directive first and decides only at the end; it shares nothing with the real
 * one but the table of names.
 */
#include <string.h>

#include "fuzz.h"
#include "stet/cachecontrol.h"

#define LINES_MAX 8
#define TEXT_MAX 2000
#define OCCURRENCES_MAX 1200
#define OUT_MAX 16000

enum kind { SECONDS, NAMES, NOTHING };

static const struct {
    const char *name;
    enum kind kind;
    uint32_t doubt;
} known[] = {
#define DIRECTIVE(identifier, name, argument, doubt) {name, argument, doubt},
#include "stet/directive.tbl"
#undef DIRECTIVE
};

#define KNOWN (sizeof known / sizeof known[0])

enum form { BARE, WITH_ARGUMENT, BROKEN };

/* One member of the list: which directive, and the text after "=" without quotes and escapes. */
struct occurrence {
    size_t directive;
    enum form form;
    char argument[TEXT_MAX];
};

struct reading {
    struct occurrence *all;
    size_t count;
    bool unclosed;
};

static bool is_tchar(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_text(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* Takes the quotes and the escapes off; false if that is no quoted-string from end to end. */
static bool unquote(const char *text, size_t length, char *to)
{
    size_t i = 1;

    if (length < 2 || text[0] != '"' || text[length - 1] != '"')
        return false;
    while (i < length - 1) {
        if (text[i] == '"' || !is_text((unsigned char)text[i]))
            return false;
        if (text[i] == '\\' && (++i == length - 1 || !is_text((unsigned char)text[i])))
            return false;
        *to++ = text[i++];
    }
    *to = '\0';
    return true;
}

/* The raw inside may tell an escaped backslash from a plain one, so it is kept as a mark. */
static bool has_escaped_backslash(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++)
        if (text[i] == '\\' && text[i + 1] == '\\')
            return true;
    return false;
}

static void member_read(struct reading *to, const char *text, size_t length)
{
    char name[TEXT_MAX];
    size_t end = 0;

    while (end < length && is_tchar(text[end])) {
        name[end] = text[end] >= 'A' && text[end] <= 'Z' ? (char)(text[end] + 32) : text[end];
        end++;
    }
    name[end] = '\0';
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        struct occurrence *now = &to->all[to->count++];
        const char *argument = text + end + 1;
        size_t left = length > end ? length - end - 1 : 0, token = 0;
        now->directive = i;
        now->argument[0] = '\0';
        now->form = end == length ? BARE : BROKEN;
        if (end == length || text[end] != '=' || left == 0)
            continue;
        while (token < left && is_tchar(argument[token]))
            token++;
        if (token == left) {
            memcpy(now->argument, argument, left);
            now->argument[left] = '\0';
            now->form = WITH_ARGUMENT;
        } else if (unquote(argument, left, now->argument)) {
            now->form = WITH_ARGUMENT;
            if (known[i].kind == NAMES && has_escaped_backslash(argument, left))
                strcpy(now->argument, "?");
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void line_read(struct reading *to, const char *text, size_t length)
{
    size_t start = 0;

    while (start <= length) {
        bool quoted = false;
        size_t end = start;
        for (; end < length && (quoted || text[end] != ','); end++) {
            if (text[end] == '"')
                quoted = !quoted;
            else if (quoted && text[end] == '\\' && end + 1 < length)
                end++;
        }
        if (quoted)
            to->unclosed = true;
        size_t from = start, stop = end;
        while (from < stop && is_blank(text[from]))
            from++;
        while (stop > from && is_blank(text[stop - 1]))
            stop--;
        if (stop > from && to->count < OCCURRENCES_MAX)
            member_read(to, text + from, stop - from);
        start = end + 1;
    }
}

/* Seconds, or -1. */
static int64_t number(const char *text)
{
    int64_t value = 0;

    if (*text == '\0')
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
        if (value > INT64_C(2147483648))
            value = INT64_C(2147483648);
    }
    return value;
}

struct out {
    char text[OUT_MAX];
    uint32_t flawed;
};

static void put(struct out *out, const char *text)
{
    strcat(out->text, text);
}

static void seconds_resolve(const struct reading *from, size_t directive, struct out *out)
{
    int64_t result = -1;
    bool bad = false, differ = false;
    char digits[32];

    for (size_t i = 0; i < from->count; i++) {
        const struct occurrence *one = &from->all[i];
        if (one->directive != directive)
            continue;
        bool any = one->form == BARE && strcmp(known[directive].name, "max-stale") == 0;
        int64_t value = any                          ? INT64_C(2147483648)
                        : one->form == WITH_ARGUMENT ? number(one->argument)
                                                     : -1;
        bad |= value < 0;
        differ |= result >= 0 && value >= 0 && value != result;
        if (value >= 0 &&
            (result < 0 || (known[directive].doubt ? value > result : value < result)))
            result = value;
    }
    if (result < 0 && !bad)
        return;
    if (bad)
        result = known[directive].doubt;
    else if (differ && (strcmp(known[directive].name, "max-age") == 0 ||
                        strcmp(known[directive].name, "s-maxage") == 0))
        result = 0;
    if (bad || differ)
        out->flawed |= UINT32_C(1) << directive;
    if (out->text[0])
        put(out, ", ");
    put(out, known[directive].name);
    if (strcmp(known[directive].name, "max-stale") == 0 && result == INT64_C(2147483648))
        return;
    snprintf(digits, sizeof digits, "=%lld", (long long)result);
    put(out, digits);
}

/* Appends the names in a list to `to`; false if the list is unreadable. */
static bool names_resolve(const char *list, char *to)
{
    size_t count = 0;
    char *word;
    char copy[TEXT_MAX];

    strcpy(copy, list);
    for (word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
        while (is_blank(*word))
            word++;
        size_t length = strlen(word);
        while (length && is_blank(word[length - 1]))
            word[--length] = '\0';
        if (length == 0)
            continue;
        for (size_t i = 0; i < length; i++)
            if (!is_tchar(word[i]))
                return false;
        if (*to)
            strcat(to, ", ");
        strcat(to, word);
        count++;
    }
    return count > 0;
}

/* Which occurrences of no-cache and private name fields: the first four that can be read. */
static void resolve(const struct reading *from, struct out *out)
{
    static char names[KNOWN][OUT_MAX];
    bool whole[KNOWN] = {false};
    size_t lists = 0;

    memset(names, 0, sizeof names);
    for (size_t i = 0; i < from->count; i++) {
        const struct occurrence *one = &from->all[i];
        size_t d = one->directive;
        char list[TEXT_MAX * 2] = "";
        if (known[d].kind == SECONDS)
            continue;
        if (one->form == BROKEN || (known[d].kind == NAMES && one->form == WITH_ARGUMENT &&
                                    !names_resolve(one->argument, list))) {
            out->flawed |= UINT32_C(1) << d;
            whole[d] |= known[d].doubt == 1;
        } else if (one->form == BARE || known[d].kind == NOTHING || lists == 4) {
            whole[d] = true;
        } else {
            lists++;
            if (names[d][0])
                strcat(names[d], ", ");
            strcat(names[d], list);
        }
    }
    for (size_t d = 0; d < KNOWN; d++) {
        bool swallowed = from->unclosed && strcmp(known[d].name, "no-store") == 0;
        if (known[d].kind == SECONDS)
            seconds_resolve(from, d, out);
        if (!whole[d] && !names[d][0] && !swallowed)
            continue;
        put(out, out->text[0] ? ", " : "");
        put(out, known[d].name);
        if (!whole[d] && names[d][0]) {
            put(out, "=\"");
            put(out, names[d]);
            put(out, "\"");
        }
    }
}

/* What is written reads as the same, also as a structured field. */
static void check_canonical(struct stet_span text)
{
    static const enum stet_field_id target = STET_FIELD_CDN_CACHE_CONTROL;
    static char again[OUT_MAX];
    struct stet_field field;
    struct stet_head head = {.fields = &field};
    struct stet_cachecontrol plain = stet_cachecontrol_in(text);

    must(plain.flawed == 0 && !plain.unclosed);
    must(stet_cachecontrol_write(&plain, again, sizeof again) == text.len);
    must(memcmp(again, text.at, text.len) == 0);
    if (stet_cachecontrol_has(&plain, STET_DIRECTIVE_MAX_STALE) &&
        plain.seconds[STET_DIRECTIVE_MAX_STALE] == STET_SECONDS_MAX)
        return; /* a bare max-stale is for requests only, which have no targeted fields */
    stet_head_add(&head, &field, stet_field_name(target), text);
    struct stet_cachecontrol targeted = stet_cachecontrol_of_response(&head, &target, 1);
    must(targeted.source == (text.len ? target : STET_FIELD_UNKNOWN));
    must(stet_cachecontrol_write(&targeted, again, sizeof again) == text.len);
    must(memcmp(again, text.at, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct occurrence all[OCCURRENCES_MAX];
    static struct out want;
    static char got[OUT_MAX];
    struct stet_field fields[LINES_MAX];
    struct stet_head head = {.fields = fields};
    struct reading reading = {.all = all};
    struct stet_span rest = stet_span((const char *)data, size);

    if (size > TEXT_MAX / 2)
        return 0;
    memset(&want, 0, sizeof want);
    while (rest.len && head.count < LINES_MAX) {
        struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        rest = stet_span_from(rest, line.len + 1);
        stet_head_add(&head, fields, STET_SPAN("Cache-Control"), line);
        line_read(&reading, fields[head.count - 1].value.at, fields[head.count - 1].value.len);
    }
    struct stet_cachecontrol read = stet_cachecontrol_of_response(&head, NULL, 0);
    size_t length = stet_cachecontrol_write(&read, got, sizeof got);
    resolve(&reading, &want);
    must(read.unclosed == reading.unclosed);
    must(length == strlen(want.text) && memcmp(got, want.text, length) == 0);
    must(read.flawed == want.flawed);
    check_canonical(stet_span(got, length));
    return 0;
}
