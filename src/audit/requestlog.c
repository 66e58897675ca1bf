/* Reads access logs line by line; nothing of a line is kept but its URL, once.
 *
 *     [host:port] client ident user [time] "GET /a HTTP/1.1" 200 1234 ...
 *     {"client":"...","method":"GET","target":"/a","status":200,"sent":1234,...}
 *
 * The members of JSON lines are known by stet's names, by those of nginx's variables, and by those
 * of Caddy, which puts them into an object "request".
 *
 * Servers write what a client sent with escapes (\xHH, \", \\), which are undone. What is no URL
 * after that is passed over, as is every line that is too long: a log holds what anybody sent.
 *
 * Given up: formats that are declared. A log in another form can be brought into this one by the
 * tools that made it.
 */
#include "audit/requestlog.h"

#include "audit/inputfile.h"
#include "audit/inputlimit.h"
#include "base/memory.h"
#include "base/text.h"
#include "stet/uri.h"

#include <jansson.h>

/* What matters of a line; spans into it, or into `room`. */
struct requestlog_facts {
    struct stet_span client, host, method, target;
    uint64_t status, octets;
    bool secure; /* it came over TLS */
};

/* The word up to the next space, and what is behind it into `*rest`. */
static struct stet_span requestlog_word(struct stet_span *rest)
{
    const struct stet_span word = stet_span(rest->at, stet_span_find(*rest, ' '));

    *rest = stet_span_from(*rest, word.len + 1);
    return word;
}

/* Length of a quoted text whose quote is open, up to the one that closes it. */
static size_t requestlog_quoted(struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            return i;
        if (text.at[i] == '\\')
            i++;
    }
    return text.len;
}

static int requestlog_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    const char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Undoes the escapes of `text` into `to`, which has room for as many octets. */
static struct stet_span requestlog_plain(struct stet_span text, char *to)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '\\' || i + 1 == text.len) {
            to[len++] = text.at[i];
            continue;
        }
        const bool hex = text.at[i + 1] == 'x' && i + 3 < text.len &&
                         requestlog_hex(text.at[i + 2]) >= 0 && requestlog_hex(text.at[i + 3]) >= 0;
        if (hex)
            to[len++] =
                (char)(requestlog_hex(text.at[i + 2]) << 4 | requestlog_hex(text.at[i + 3]));
        else
            to[len++] = text.at[i + 1];
        i += hex ? 3 : 1;
    }
    return stet_span(to, len);
}

/* "host:port client ident user" or "client ident user", up to the bracket of the time. */
static bool requestlog_who(struct stet_span words, struct requestlog_facts *facts)
{
    struct stet_span before[4] = {{0}};
    size_t count = 0;

    words = stet_span_trim(words);
    while (words.len && count < 4)
        before[count++] = requestlog_word(&words);
    if (count < 3)
        return false;
    /* A user's name may have spaces: only a dash is sure to be the one who is not known. */
    const bool host = count == 4 && stet_span_equal(before[2], STET_SPAN("-")) &&
                      stet_authority_valid(before[0]) && before[0].len;
    facts->host = host ? before[0] : STET_SPAN_NONE;
    facts->client = host ? before[1] : before[0];
    return true;
}

static bool requestlog_combined(struct stet_span line, struct requestlog_facts *facts, char *room)
{
    struct stet_span rest = stet_span_from(line, stet_span_find(line, '['));

    if (!requestlog_who(stet_span(line.at, line.len - rest.len), facts))
        return false;
    rest = stet_span_from(rest, stet_span_find(rest, ']'));
    rest = stet_span_from(rest, stet_span_find(rest, '"') + 1);
    const size_t end = requestlog_quoted(rest);
    if (end >= rest.len)
        return false;
    struct stet_span request = requestlog_plain(stet_span(rest.at, end), room);
    facts->method = requestlog_word(&request);
    facts->target = requestlog_word(&request);
    rest = stet_span_trim(stet_span_from(rest, end + 1));
    if (!stet_span_number(requestlog_word(&rest), 999, &facts->status))
        return false;
    facts->octets = 0; /* "-" is none */
    (void)stet_span_number(requestlog_word(&rest), INT64_MAX, &facts->octets);
    return facts->target.len > 0;
}

static struct stet_span requestlog_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) ? stet_span(json_string_value(value), json_string_length(value))
                                 : STET_SPAN_NONE;
}

/* The first of the names, up to NULL, that is a text. */
static struct stet_span requestlog_any(const json_t *object, const char *const *names)
{
    struct stet_span text = STET_SPAN_NONE;

    for (; *names && !text.len; names++)
        text = requestlog_text(object, *names);
    return text;
}

/* The same for a number, which nginx may have put into quotes. */
static uint64_t requestlog_number(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        const json_int_t number = json_integer_value(json_object_get(object, *names));
        uint64_t quoted = 0;
        if (number > 0)
            return (uint64_t)number;
        if (stet_span_number(requestlog_text(object, *names), INT64_MAX, &quoted))
            return quoted;
    }
    return 0;
}

static bool requestlog_json(const json_t *object, struct requestlog_facts *facts)
{
    static const char *const client[] = {"client", "remote_addr", "remote_ip", NULL};
    static const char *const host[] = {"host", "http_host", NULL};
    static const char *const method[] = {"method", "request_method", NULL};
    static const char *const target[] = {"target", "request_uri", "uri", NULL};
    static const char *const status[] = {"status", NULL};
    static const char *const octets[] = {"sent", "body_bytes_sent", "size", NULL};
    const json_t *caddy = json_object_get(object, "request");
    struct stet_span line = requestlog_text(object, "request");
    const json_t *request = json_is_object(caddy) ? caddy : object;

    *facts = (struct requestlog_facts){
        .client = requestlog_any(request, client),
        .host = requestlog_any(request, host),
        .method = line.len ? requestlog_word(&line) : requestlog_any(request, method),
        .target = line.len ? requestlog_word(&line) : requestlog_any(request, target),
        .status = requestlog_number(object, status),
        .octets = requestlog_number(object, octets),
        .secure = json_is_object(json_object_get(request, "tls")) ||
                  stet_span_equal(requestlog_text(object, "scheme"), STET_SPAN("https")),
    };
    return facts->method.len && facts->target.len && facts->status;
}

/* Puts together the URL of a line; an empty span when its host is not known. */
static struct stet_span requestlog_url(const struct requestlog *log,
                                       const struct requestlog_facts *facts, struct text *to)
{
    struct stet_uri base = {.scheme = STET_SPAN("http")};

    if (facts->target.at[0] != '/') /* a proxy is sent the whole of it */
        return facts->target;
    const bool has_base = log->base.len && stet_uri_split(log->base, &base);
    const struct stet_span authority = facts->host.len ? facts->host : base.authority;
    const size_t tail = authority.len > 4 ? authority.len - 4 : 0;
    if (!has_base &&
        (facts->secure || stet_span_equal(stet_span_from(authority, tail), STET_SPAN(":443"))))
        base.scheme = STET_SPAN("https");
    if (!authority.len)
        return STET_SPAN_NONE;
    text_put(to, base.scheme.at, base.scheme.len);
    text_put(to, "://", 3);
    text_put(to, authority.at, authority.len);
    text_put(to, facts->target.at, facts->target.len);
    return stet_span(to->at, to->len);
}

/* Only what can be asked again without doing anything, and what was there. */
static bool requestlog_wanted(const struct requestlog_facts *facts)
{
    return stet_span_equal(facts->method, STET_SPAN("GET")) &&
           ((facts->status >= 200 && facts->status < 300) || facts->status == 304);
}

static bool requestlog_count(struct requestlog *log, const struct requestlog_facts *facts)
{
    struct text url = {0};
    struct target_visit visit = {
        .client = facts->client, .status = (int)facts->status, .octets = facts->octets};
    enum targets_result result = TARGETS_TAKEN;

    if (!requestlog_wanted(facts))
        return true;
    visit.url = requestlog_url(log, facts, &url);
    if (!visit.url.len && !url.failed)
        log->without_host++;
    else
        result = url.failed ? TARGETS_MEMORY : targets_visit(log->targets, &visit);
    log->counted += visit.url.len && result == TARGETS_TAKEN;
    log->malformed += result == TARGETS_UNFIT;
    text_fini(&url);
    return result != TARGETS_MEMORY;
}

bool requestlog_line(struct requestlog *log, struct stet_span line)
{
    struct requestlog_facts facts = {0};
    bool understood, done = true;
    json_t *object = NULL;
    char *room = NULL;

    log->lines++;
    if (line.len && line.at[0] == '{') {
        object = json_loadb(line.at, line.len, 0, NULL);
        understood = object && requestlog_json(object, &facts);
    } else {
        room = memory_new(line.len + 1);
        if (!room)
            return false;
        understood = requestlog_combined(line, &facts, room);
    }
    if (understood)
        done = requestlog_count(log, &facts);
    else
        log->malformed++;
    json_decref(object);
    memory_free(room);
    return done;
}

/* Lines out of pieces of a file. */
struct requestlog_lines {
    struct requestlog *log;
    struct text line; /* begun, its end not yet read */
    bool too_long;    /* the rest of it is passed over */
};

static bool requestlog_line_end(struct requestlog_lines *lines)
{
    struct text *line = &lines->line;
    bool done = true;

    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    if (line->failed)
        return false;
    if (lines->too_long) {
        lines->log->lines++;
        lines->log->malformed++;
    } else if (line->len) {
        done = requestlog_line(lines->log, stet_span(line->at, line->len));
    }
    line->len = 0;
    lines->too_long = false;
    return done;
}

static bool requestlog_feed(struct requestlog_lines *lines, struct stet_span piece)
{
    while (piece.len) {
        const struct stet_span part = stet_span(piece.at, stet_span_find(piece, '\n'));
        lines->too_long |= lines->line.len + part.len > inputlimit(INPUTLIMIT_LOG_LINE);
        if (!lines->too_long)
            text_put(&lines->line, part.at, part.len);
        if (part.len < piece.len && !requestlog_line_end(lines))
            return false;
        piece = stet_span_from(piece, part.len + 1);
    }
    return true;
}

const char *requestlog_read(struct requestlog *log, const char *path)
{
    struct requestlog_lines lines = {.log = log};
    struct inputfile file;
    struct stet_span piece;
    bool done = true;
    const char *error = inputfile_open(&file, path);

    while (!error && done && (error = inputfile_read(&file, &piece)) == NULL && piece.len)
        done = requestlog_feed(&lines, piece);
    if (!error && done)
        done = requestlog_line_end(&lines);
    text_fini(&lines.line);
    inputfile_close(&file);
    return done ? error : "memory is out";
}
