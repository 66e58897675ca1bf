/* The request of `stet get`: what -H, -d, -u and their like make of it, as curl has them.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "stet/base64.h"
#include "stet/byte.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char out_of_memory[] = "out of memory";

/* ---- files ---- */

/* "-" is standard input. NULL, or what went wrong. */
static const char *get_read(struct text *to, const char *path)
{
    const bool standard = strcmp(path, "-") == 0;
    const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char piece[16384];
    ssize_t got = -1;

    while (fd >= 0 && (got = read(fd, piece, sizeof piece)) > 0)
        text_put(to, piece, (size_t)got);
    const int error = errno;
    if (fd >= 0 && !standard)
        close(fd);
    if (got < 0)
        return strerror(error);
    return to->failed ? out_of_memory : NULL;
}

/* ---- header fields ---- */

/* A field that would be sent unasked is not to be. */
static const char *get_leave_out(struct get *get, struct stet_span name)
{
    if (stet_span_equal_nocase(name, STET_SPAN("Host")))
        return "a request without Host is none";
    if (stet_span_equal_nocase(name, STET_SPAN("User-Agent")))
        get->setup.user_agent = NULL;
    if (stet_span_equal_nocase(name, STET_SPAN("Accept-Encoding")))
        get->request.identity = true;
    return message_add(&get->request.without, name, STET_SPAN("")) ? NULL : out_of_memory;
}

/* "NAME: VALUE"; "NAME:" leaves the field out, "NAME;" sends it empty. */
static const char *get_add_line(struct get *get, struct stet_span line)
{
    static const char expected[] = "expected NAME: VALUE";
    struct stet_span name = {line.at, stet_span_find(line, ':')};
    const struct stet_span value = stet_span_trim(stet_span_from(line, name.len + 1));
    const bool empty = name.len == line.len && line.len && line.at[line.len - 1] == ';';

    if (empty)
        name.len--;
    if (!stet_span_is_token(name) || (name.len == line.len && !empty) ||
        stet_span_find(line, '\r') < line.len || stet_span_find(line, '\n') < line.len ||
        stet_span_find(line, '\0') < line.len)
        return expected;
    if (!empty && value.len == 0)
        return get_leave_out(get, name);
    return message_add(&get->request.head, name, value) ? NULL : out_of_memory;
}

/* Lines of a file; empty ones and those that begin with "#" are none. */
static const char *get_add_lines(struct get *get, const char *path)
{
    struct text text = {0};
    const char *wrong = get_read(&text, path);
    struct stet_span rest = {text.at, text.len};

    while (!wrong && rest.len) {
        const size_t end = stet_span_find(rest, '\n');
        const struct stet_span line =
            stet_span_trim(stet_span(rest.at, end && rest.at[end - 1] == '\r' ? end - 1 : end));
        rest = stet_span_from(rest, end + 1);
        if (line.len && line.at[0] != '#')
            wrong = get_add_line(get, line);
    }
    text_fini(&text);
    return wrong;
}

const char *get_take_line(void *target, const char *value)
{
    if (value[0] == '@')
        return get_add_lines(target, value + 1);
    return get_add_line(target, stet_span_of(value));
}

const char *get_take_referer(void *target, const char *value)
{
    struct get *get = target;

    if (strpbrk(value, "\r\n"))
        return "expected a URL";
    return message_add(&get->request.head, STET_SPAN("Referer"), stet_span_of(value))
               ? NULL
               : out_of_memory;
}

const char *get_take_range(void *target, const char *value)
{
    struct get *get = target;
    struct text range = {0};

    if (!value[0] || value[strspn(value, "0123456789-, ")])
        return "expected FIRST-LAST";
    text_say(&range, "bytes=%s", value);
    const bool well = !range.failed && message_add(&get->request.head, STET_SPAN("Range"),
                                                   stet_span(range.at, range.len));
    text_fini(&range);
    return well ? NULL : out_of_memory;
}

const char *get_take_cookie(void *target, const char *value)
{
    struct get *get = target;

    if (!strchr(value, '=') || strpbrk(value, "\r\n"))
        return "expected NAME=VALUE; files of cookies are not read";
    text_say(&get->request.cookies, "%s%s", get->request.cookies.len ? "; " : "", value);
    return get->request.cookies.failed ? out_of_memory : NULL;
}

/* ---- content ---- */

enum data_kind { DATA_FORM, DATA_BINARY, DATA_RAW, DATA_ENCODED, DATA_JSON };

/* A file as -d takes it: on one line. */
static void get_put_line(struct text *to, struct stet_span octets)
{
    for (size_t i = 0; i < octets.len; i++)
        if (octets.at[i] != '\r' && octets.at[i] != '\n' && octets.at[i] != '\0')
            text_put(to, octets.at + i, 1);
}

/* As forms have it. */
static void get_put_encoded(struct text *to, struct stet_span octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        if (stet_byte_is(octets.at[i], BYTE_UNRESERVED))
            text_put(to, octets.at + i, 1);
        else if (octets.at[i] == ' ')
            text_put(to, "+", 1);
        else
            text_say(to, "%%%02X", (unsigned char)octets.at[i]);
    }
}

static const char *get_put_file(struct text *to, const char *path, enum data_kind kind)
{
    struct text file = {0};
    const char *wrong = get_read(&file, path);
    const struct stet_span octets = {file.at, file.len};

    if (wrong)
        ;
    else if (kind == DATA_FORM)
        get_put_line(to, octets);
    else if (kind == DATA_ENCODED)
        get_put_encoded(to, octets);
    else
        text_put(to, octets.at, octets.len);
    text_fini(&file);
    return wrong;
}

/* "CONTENT", "=CONTENT", "NAME=CONTENT", "@FILE" or "NAME@FILE"; the name is encoded already. */
static const char *get_put_named(struct text *to, const char *value)
{
    const size_t name = strcspn(value, "=@");

    if (!value[name]) {
        get_put_encoded(to, stet_span_of(value));
        return NULL;
    }
    text_put(to, value, name);
    text_put(to, "=", name > 0);
    if (value[name] == '@')
        return get_put_file(to, value + name + 1, DATA_ENCODED);
    get_put_encoded(to, stet_span_of(value + name + 1));
    return NULL;
}

static const char *get_content(struct get *get, const char *value, enum data_kind kind)
{
    struct text *content = &get->request.content;

    if (get->request.has_content && kind != DATA_JSON)
        text_put(content, "&", 1);
    get->request.has_content = true;
    get->request.json |= kind == DATA_JSON;
    if (kind == DATA_ENCODED)
        return get_put_named(content, value);
    if (value[0] == '@' && kind != DATA_RAW)
        return get_put_file(content, value + 1, kind);
    text_put(content, value, strlen(value));
    return NULL;
}

const char *get_take_data(void *target, const char *value)
{
    return get_content(target, value, DATA_FORM);
}

const char *get_take_data_binary(void *target, const char *value)
{
    return get_content(target, value, DATA_BINARY);
}

const char *get_take_data_raw(void *target, const char *value)
{
    return get_content(target, value, DATA_RAW);
}

const char *get_take_data_urlencode(void *target, const char *value)
{
    return get_content(target, value, DATA_ENCODED);
}

const char *get_take_json(void *target, const char *value)
{
    return get_content(target, value, DATA_JSON);
}

/* ---- the query ---- */

/* The URL with the content as its query, or behind the query that it has. */
static char *get_with_query(const char *url, const struct text *content)
{
    const size_t end = strcspn(url, "#");
    const bool has = memchr(url, '?', end) != NULL;
    const bool path = strchr(strstr(url, "://") ? strstr(url, "://") + 3 : url, '/') != NULL;
    struct text made = {0};

    text_put(&made, url, end);
    text_say(&made, "%s", has ? "&" : path ? "?" : "/?");
    text_put(&made, content->at, content->len);
    text_say(&made, "%s%c", url + end, '\0');
    if (made.failed)
        text_fini(&made);
    return made.at;
}

void get_free_urls(struct get *get)
{
    for (size_t i = 0; get->made_urls && i < get->url_count; i++)
        memory_free(get->made_urls[i]);
    memory_free(get->made_urls);
    get->made_urls = NULL;
}

/* -G: what -d has gathered is no content but the query of each URL. */
static bool get_query_urls(struct get *get)
{
    get->made_urls = memory_new_zero((get->url_count + 1) * sizeof *get->made_urls);
    for (size_t i = 0; get->made_urls && i < get->url_count; i++)
        if (!(get->made_urls[i] = get_with_query(get->urls[i], &get->request.content)))
            return false;
    get->urls = get->made_urls ? get->made_urls : get->urls;
    get->request.has_content = false;
    return get->made_urls != NULL;
}

/* ---- all of it ---- */

/* A field that the user has neither set nor left out. */
static bool get_add(struct get *get, const char *name, const char *value)
{
    const struct stet_span field = stet_span_of(name);

    return stet_head_named(&get->request.head.head, field) ||
           stet_head_named(&get->request.without.head, field) ||
           message_add(&get->request.head, field, stet_span_of(value));
}

/* "Basic ..." [RFC 7617 §2] */
static bool get_add_basic(struct get *get, const char *user)
{
    const size_t size = stet_base64_room(strlen(user));
    char *value = memory_new(6 + size);

    if (!value)
        return false;
    memcpy(value, "Basic ", 6);
    stet_base64_encode(user, strlen(user), value + 6);
    const bool well =
        message_add(&get->request.head, STET_SPAN("Authorization"), stet_span(value, 6 + size));
    memory_free(value);
    return well;
}

/* A name without a password: that is asked for, on the terminal where there is one. */
static bool get_add_user(struct get *get)
{
    const char *user = get->request.user;
    struct text whole = {0};

    if (!user || stet_head_has(&get->request.head.head, STET_FIELD_AUTHORIZATION))
        return true;
    if (strchr(user, ':'))
        return get_add_basic(get, user);
    text_say(&whole, "Password of %s: %c", user, '\0');
    char *password = whole.failed ? NULL : getpass(whole.at);
    text_fini(&whole);
    if (!password)
        return false;
    text_say(&whole, "%s:%s%c", user, password, '\0');
    explicit_bzero(password, strlen(password));
    const bool well = !whole.failed && get_add_basic(get, whole.at);
    if (whole.at)
        explicit_bzero(whole.at, whole.len);
    text_fini(&whole);
    return well;
}

/* All of them in one line [RFC 6265 §5.4]. */
static bool get_add_cookies(struct get *get)
{
    const struct text *cookies = &get->request.cookies;

    return cookies->len == 0 || message_add(&get->request.head, STET_SPAN("Cookie"),
                                            stet_span(cookies->at, cookies->len));
}

bool get_complete_request(struct get *get)
{
    const struct get_request *request = &get->request;
    const char *type = request->json ? "application/json" : "application/x-www-form-urlencoded";

    if (request->content.failed || (request->in_query && !get_query_urls(get)))
        return false;
    return get_add_cookies(get) && get_add_user(get) &&
           (!request->has_content || get_add(get, "Content-Type", type)) &&
           get_add(get, "Accept", request->json ? "application/json" : "*/*");
}
