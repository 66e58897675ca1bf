/* Keeps all versions and all validators of a scene, and judges answers by them.
 *
 *     version: path, bytes, born, died           an edit closes one and opens the next
 *     saying:  path, tag or date -> contents     learnt from each 200 and 206
 *
 * Contents are compared as bytes, after the reference decoders have undone a coding; the coded
 * bytes themselves are what a strong tag stands for, so two codings under one tag are caught too.
 */
#include "history.h"

#include "io/fs_sim.h"

#include <brotli/decode.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

enum { HISTORY_DECODED_MAX = 1 << 20 };

struct version {
    struct version *next;
    char *path;
    char *bytes; /* NULL: of `seed` */
    uint64_t len;
    uint64_t seed;
    uint64_t born;
    uint64_t died; /* UINT64_MAX while it stands */
};

/* What a tag or a date was said to stand for. */
struct saying {
    struct saying *next;
    char *path;
    char *text;  /* the tag without W/, or the date */
    char *bytes; /* as sent: coded; NULL: of the version */
    size_t len;
    char *fields; /* those a 304 must repeat */
    const struct version *version;
    bool date;
};

struct history {
    struct version *versions;
    struct saying *sayings;
    uint64_t now;
};

struct history *history_new(void)
{
    return calloc(1, sizeof(struct history));
}

static void saying_free(struct saying *saying)
{
    free(saying->path);
    free(saying->text);
    free(saying->bytes);
    free(saying->fields);
    free(saying);
}

void history_free(struct history *history)
{
    while (history->versions) {
        struct version *version = history->versions;
        history->versions = version->next;
        free(version->path);
        free(version->bytes);
        free(version);
    }
    while (history->sayings) {
        struct saying *saying = history->sayings;
        history->sayings = saying->next;
        saying_free(saying);
    }
    free(history);
}

void history_forget_dates(struct history *history)
{
    for (struct saying **place = &history->sayings; *place;) {
        struct saying *saying = *place;
        if (!saying->date) {
            place = &saying->next;
            continue;
        }
        *place = saying->next;
        saying_free(saying);
    }
}

uint64_t history_now(const struct history *history)
{
    return history->now;
}

void history_remove(struct history *history, const char *path)
{
    const size_t len = strlen(path);
    history->now++;
    for (struct version *version = history->versions; version; version = version->next) {
        if (version->died == UINT64_MAX && strncmp(version->path, path, len) == 0 &&
            (version->path[len] == '\0' || version->path[len] == '/'))
            version->died = history->now;
    }
}

static struct version *history_open(struct history *history, const char *path)
{
    struct version *version = calloc(1, sizeof *version);
    history_remove(history, path);
    version->path = strdup(path);
    version->born = history->now;
    version->died = UINT64_MAX;
    version->next = history->versions;
    history->versions = version;
    return version;
}

void history_write(struct history *history, const char *path, const void *bytes, size_t len)
{
    struct version *version = history_open(history, path);
    version->bytes = malloc(len + 1);
    if (len > 0)
        memcpy(version->bytes, bytes, len);
    version->len = len;
}

void history_fill(struct history *history, const char *path, uint64_t size, uint64_t seed)
{
    struct version *version = history_open(history, path);
    version->len = size;
    version->seed = seed;
}

/* ---- comparing ---- */

__attribute__((format(printf, 2, 3))) static bool wrong(char fault[RESPONSE_FAULT],
                                                        const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(fault, RESPONSE_FAULT, form, arguments);
    va_end(arguments);
    return false;
}

static bool version_has(const struct version *version, uint64_t from, const char *bytes, size_t len)
{
    if (from > version->len || len > version->len - from)
        return false;
    if (version->bytes)
        return len == 0 || memcmp(version->bytes + from, bytes, len) == 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != fs_sim_fill_byte(version->seed, from + i))
            return false;
    }
    return true;
}

static bool version_equal(const struct version *a, const struct version *b)
{
    if (a == b)
        return true;
    if (a->len != b->len)
        return false;
    if (!a->bytes && !b->bytes)
        return a->seed == b->seed;
    return a->bytes ? version_has(b, 0, a->bytes, a->len) : version_has(a, 0, b->bytes, b->len);
}

/* It stood at some moment since `asked`. */
static bool version_stood(const struct version *version, const struct question *question)
{
    return strcmp(version->path, question->path) == 0 && version->died > question->asked;
}

/* The version of that time in which `bytes` lie at `from`, and which is `of` long (unless that is
 * UINT64_MAX); NULL when there is none. */
static const struct version *history_find(const struct history *history,
                                          const struct question *question, uint64_t from,
                                          const struct response *piece, uint64_t of)
{
    for (const struct version *version = history->versions; version; version = version->next) {
        if (version_stood(version, question) && (of == UINT64_MAX || of == version->len) &&
            version_has(version, from, piece->body, piece->len))
            return version;
    }
    return NULL;
}

static bool history_knows(const struct history *history, const char *path)
{
    for (const struct version *version = history->versions; version; version = version->next) {
        if (strcmp(version->path, path) == 0)
            return true;
    }
    return false;
}

/* ---- decoding ---- */

static bool decode_gzip(const char *bytes, size_t len, char *to, size_t *to_len)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes,
                       .avail_in = (uInt)len,
                       .next_out = (Bytef *)to,
                       .avail_out = HISTORY_DECODED_MAX};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return false;
    const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
    *to_len = (size_t)stream.total_out;
    inflateEnd(&stream);
    return whole;
}

static bool decode(const char *coding, const char *bytes, size_t len, char *to, size_t *to_len)
{
    *to_len = HISTORY_DECODED_MAX;
    if (strcmp(coding, "gzip") == 0)
        return decode_gzip(bytes, len, to, to_len);
    if (strcmp(coding, "br") == 0)
        return BrotliDecoderDecompress(len, (const uint8_t *)bytes, to_len, (uint8_t *)to) ==
               BROTLI_DECODER_RESULT_SUCCESS;
    if (strcmp(coding, "zstd") != 0)
        return false;
    *to_len = ZSTD_decompress(to, HISTORY_DECODED_MAX, bytes, len);
    return !ZSTD_isError(*to_len);
}

char *history_decode(const char *coding, const char *bytes, size_t len, size_t *to_len)
{
    static _Thread_local char decoded[HISTORY_DECODED_MAX];
    if (!decode(coding, bytes, len, decoded, to_len))
        return NULL;
    char *to = malloc(*to_len + 1);
    memcpy(to, decoded, *to_len);
    return to;
}

/* ---- learning ---- */

static const char *tag_octets(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

/* What a 304 must say as the 200 does [RFC 9110 §15.4.5]. */
static char *repeated_fields(const struct response *response)
{
    static const char *const names[] = {"Cache-Control", "Content-Location",
                                        "ETag",          "Expires",
                                        "Vary",          "Access-Control-Allow-Origin"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = response_field(response, names[i]);
        /* the same octets may have been weak and be strong now */
        fprintf(out, "%s: %s\n", names[i], value ? tag_octets(value) : "(none)");
    }
    fclose(out);
    return text;
}

/* What was said of a date for one path, or (NULL) of a tag for any: tags are made of content. */
static struct saying *history_said(const struct history *history, const char *path,
                                   const char *text, const struct saying *after)
{
    struct saying *saying = after ? after->next : history->sayings;
    while (saying && ((path && strcmp(saying->path, path) != 0) || strcmp(saying->text, text) != 0))
        saying = saying->next;
    return saying;
}

static void history_say(struct history *history, const struct question *question, const char *text,
                        const struct saying *what)
{
    struct saying *saying = malloc(sizeof *saying);
    *saying = *what;
    saying->path = strdup(question->path);
    saying->text = strdup(text);
    saying->next = history->sayings;
    history->sayings = saying;
}

/* A tag stands for one sequence of octets [RFC 9110 §8.8.1], a date for one content (D-50). */
static bool history_learn(struct history *history, const struct question *question,
                          const struct response *response, const struct version *version,
                          char fault[RESPONSE_FAULT])
{
    const char *tag = response_field(response, "ETag");
    const char *date = response_field(response, "Last-Modified");
    const bool whole = response->status == 200;
    const struct saying *before = tag ? history_said(history, NULL, tag_octets(tag), NULL) : NULL;
    if (before && !version_equal(before->version, version))
        return wrong(fault, "tag %s stood for other content before", tag);
    if (before && whole && before->bytes &&
        (before->len != response->len || memcmp(before->bytes, response->body, before->len) != 0))
        return wrong(fault, "tag %s stood for other octets before", tag);
    if (tag && whole && !history_said(history, question->path, tag_octets(tag), NULL)) {
        struct saying saying = {.bytes = malloc(response->len + 1),
                                .len = response->len,
                                .fields = repeated_fields(response),
                                .version = version};
        memcpy(saying.bytes, response->body, response->len);
        history_say(history, question, tag_octets(tag), &saying);
    }
    const struct saying *dated = date ? history_said(history, question->path, date, NULL) : NULL;
    if (dated && !version_equal(dated->version, version))
        return wrong(fault, "Last-Modified %s stood for other content before", date);
    if (date && !dated)
        history_say(history, question, date, &(struct saying){.version = version, .date = true});
    return true;
}

/* ---- judging ---- */

static bool audit_whole(struct history *history, const struct question *question,
                        const struct response *response, char fault[RESPONSE_FAULT])
{
    const char *coding = response_field(response, "Content-Encoding");
    struct response plain = {.body = response->body, .len = response->len};
    char *decoded = NULL;
    if (coding) {
        const char *accepted = question->accept_encoding;
        if (!accepted || (!strcasestr(accepted, coding) && !strchr(accepted, '*')))
            return wrong(fault, "coding %s was not asked for", coding);
        decoded = history_decode(coding, response->body, response->len, &plain.len);
        if (!decoded)
            return wrong(fault, "the content does not decode as %s", coding);
        plain.body = decoded;
    }
    const struct version *version = history_find(history, question, 0, &plain, plain.len);
    free(decoded);
    if (!version)
        return wrong(fault, "200 with %zu octets that %s did not have at that time", plain.len,
                     question->path);
    return history_learn(history, question, response, version, fault);
}

/* The octets lie at `first` of the coded content that the tag was given to. */
static bool part_of_coded(const struct history *history, const struct response *response,
                          uint64_t first, uint64_t of)
{
    const char *tag = response_field(response, "ETag");
    const struct saying *said = tag ? history_said(history, NULL, tag_octets(tag), NULL) : NULL;
    return said && said->bytes && of == said->len && first + response->len <= of &&
           memcmp(said->bytes + first, response->body, response->len) == 0;
}

static bool audit_part(struct history *history, const struct question *question,
                       const struct response *response, char fault[RESPONSE_FAULT])
{
    const char *range = response_field(response, "Content-Range");
    unsigned long long first = 0, last = 0, of = 0;
    int used = 0;
    if (!range)
        return true; /* several parts: the scene reads them */
    if (sscanf(range, "bytes %llu-%llu/%llu%n", &first, &last, &of, &used) != 3 ||
        range[used] != '\0' || last < first || last >= of)
        return wrong(fault, "Content-Range is \"%s\"", range);
    if (last - first + 1 != response->len)
        return wrong(fault, "Content-Range \"%s\" with %zu octets", range, response->len);
    if (part_of_coded(history, response, first, of))
        return true;
    const struct version *version = history_find(history, question, first, response, of);
    const char *tag = response_field(response, "ETag");
    const struct saying *said = tag ? history_said(history, NULL, tag_octets(tag), NULL) : NULL;
    if (!version && response_field(response, "Vary") && !(said && said->bytes))
        return true; /* of a coded content that no one has seen whole */
    if (!version || response_field(response, "Content-Encoding"))
        return wrong(fault, "206 with octets that %s did not have at that time", question->path);
    return history_learn(history, question, response, version, fault);
}

/* The content for which this was said stood at that time. */
static bool saying_holds(const struct history *history, const struct question *question,
                         const struct saying *saying)
{
    for (const struct version *version = history->versions; version; version = version->next) {
        if (version_stood(version, question) && version_equal(version, saying->version))
            return true;
    }
    return false;
}

/* One of the tags sent was given to bytes that stand, in the fields of the 200. */
static bool audit_tags(const struct history *history, const struct question *question,
                       const struct response *response, char fault[RESPONSE_FAULT])
{
    const char *tag = response_field(response, "ETag");
    if (question->none_match[strspn(question->none_match, "*, ")] == '\0')
        return true;
    if (!tag || !strstr(question->none_match, tag_octets(tag)))
        return wrong(fault, "304 with tag %s to %.80s", tag ? tag : "(none)", question->none_match);
    const struct saying *saying = history_said(history, NULL, tag_octets(tag), NULL);
    if (!saying)
        return wrong(fault, "304 for a tag that was never given out: %s", tag);
    if (!saying_holds(history, question, saying))
        return wrong(fault, "304 though the content has changed since %s was given", tag);
    saying = history_said(history, question->path, tag_octets(tag), NULL);
    char *fields = repeated_fields(response);
    const bool same = !saying || strcmp(fields, saying->fields) == 0;
    free(fields);
    return same || wrong(fault, "304 without what the 200 said: %.150s", saying->fields);
}

static bool audit_date(const struct history *history, const struct question *question,
                       char fault[RESPONSE_FAULT])
{
    const struct saying *saying = NULL;
    while ((saying = history_said(history, question->path, question->modified_since, saying))) {
        if (!saying_holds(history, question, saying))
            return wrong(fault, "304 though the content has changed since %s was given",
                         question->modified_since);
    }
    return true;
}

static bool audit_unchanged(const struct history *history, const struct question *question,
                            const struct response *response, char fault[RESPONSE_FAULT])
{
    if (!question->none_match && !question->modified_since)
        return wrong(fault, "304 to a request without a condition");
    return question->none_match ? audit_tags(history, question, response, fault)
                                : audit_date(history, question, fault);
}

/* A head without its content: learns the tag, if there was but one version at that time. */
static void learn_head(struct history *history, const struct question *question,
                       const struct response *response)
{
    const char *tag = response_field(response, "ETag");
    const struct version *only = NULL;
    for (const struct version *version = history->versions; version; version = version->next) {
        if (!version_stood(version, question))
            continue;
        if (only)
            return;
        only = version;
    }
    if (only && tag && !history_said(history, NULL, tag_octets(tag), NULL)) {
        struct saying saying = {.fields = repeated_fields(response), .version = only};
        history_say(history, question, tag_octets(tag), &saying);
    }
}

/* A HEAD tells the length of a version, or of a coded one. */
static bool audit_head(struct history *history, const struct question *question,
                       const struct response *response, char fault[RESPONSE_FAULT])
{
    const char *length = response_field(response, "Content-Length");
    learn_head(history, question, response);
    if (!length || response_field(response, "Content-Encoding"))
        return true;
    for (const struct version *version = history->versions; version; version = version->next) {
        if (version_stood(version, question) && version->len == response->expects)
            return true;
    }
    return wrong(fault, "HEAD says %s octets; %s never had as many then", length, question->path);
}

bool history_audit(struct history *history, const struct question *question,
                   const struct response *response, char fault[RESPONSE_FAULT])
{
    const bool head = strcmp(question->method, "HEAD") == 0;
    fault[0] = '\0';
    if (!question->path || !history_knows(history, question->path) ||
        (!head && strcmp(question->method, "GET") != 0))
        return response->status != 304 || question->none_match || question->modified_since ||
               wrong(fault, "304 to a request without a condition");
    switch (response->status) {
    case 200:
        return head ? audit_head(history, question, response, fault)
                    : audit_whole(history, question, response, fault);
    case 206:
        return head ? wrong(fault, "206 to HEAD") : audit_part(history, question, response, fault);
    case 304:
        return audit_unchanged(history, question, response, fault);
    default:
        return true;
    }
}

bool history_audit_cut(struct history *history, const struct question *question,
                       const struct response *response, char fault[RESPONSE_FAULT])
{
    unsigned long long first = 0;
    const char *range = response_field(response, "Content-Range");
    fault[0] = '\0';
    if (!question->path || !history_knows(history, question->path))
        return true;
    if (response->status == 200)
        learn_head(history, question, response);
    if (response->len == 0 || (response->status != 200 && response->status != 206) ||
        response_field(response, "Content-Encoding"))
        return true;
    if (response->status == 206 && (!range || sscanf(range, "bytes %llu-", &first) != 1))
        return true;
    return history_find(history, question, first, response, UINT64_MAX) ||
           wrong(fault, "%zu octets that %s did not begin with at that time", response->len,
                 question->path);
}
