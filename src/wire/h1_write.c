/* Writes the head of an HTTP/1 answer: a status line, what the connection decides, what was made
 * before.
 *
 * Everything is copied once, forward, without formatting functions. Which framing fields there are
 * is decided here alone, so that no answer has both or has one where its status forbids it.
 */
#include "wire/h1_write.h"

#include "base/check.h"
#include "stet/field.h"

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT" CRLF [RFC 9110 §5.6.7]. */
#define DATE_LINE_MAX 37

/* The status line with the longest phrase, Date, Content-Length or Transfer-Encoding, Connection,
 * the empty line: about 195 octets. */
#define FIXED_MAX 224

#define NUMBER_MAX 20

size_t h1_number_write(uint64_t number, char *to)
{
    char digits[NUMBER_MAX];
    char *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(to, at, len);
    return len;
}

size_t h1_head_room(const struct reply *reply)
{
    size_t room = FIXED_MAX + reply->date.len;
    for (size_t i = 0; i < REPLY_BLOCKS; i++)
        room += reply->blocks[i].len;
    return room;
}

/* The whole line, for a code that has a phrase. The version is our own, whatever the request's was
 * [RFC 9112 §2.3]. */
static struct stet_span status_line(int status)
{
    switch (status) {
#define STATUS(code, phrase) \
    case code:               \
        return STET_SPAN("HTTP/1.1 " #code " " phrase "\r\n");
#include "stet/phrase.tbl"
#undef STATUS
    default:
        return STET_SPAN_NONE;
    }
}

/* The space behind the code stands even when there is no phrase [RFC 9112 §4]. */
static char *status_line_put(char *to, int status)
{
    const struct stet_span line = status_line(status);

    if (line.len > 0)
        return h1_span_write(line, to);
    CHECK(status >= 100 && status <= 599);
    to = h1_span_write(STET_SPAN("HTTP/1.1 "), to);
    to += h1_number_write((uint64_t)status, to);
    return h1_span_write(STET_SPAN(" \r\n"), to);
}

/* Once, as whoever made the answer said it, or of now [RFC 9110 §6.6.1]. */
static char *date_put(char *to, const struct reply *reply, const struct h1_answer *answer)
{
    if (reply->date.len == 0)
        return h1_span_write(answer->date, to);
    to = h1_span_write(STET_SPAN("Date: "), to);
    to = h1_span_write(reply->date, to);
    return h1_span_write(STET_SPAN("\r\n"), to);
}

/* Answers with these end at their empty line, so nothing may speak of a length
 * [RFC 9110 §8.6, RFC 9112 §6.1]. For 304 a length would be allowed, and is not worth the clients
 * that wait for the octets (D-02). */
static bool status_has_length(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* Content-Length or Transfer-Encoding, never both [RFC 9112 §6.2]. */
static char *framing_put(char *to, const struct reply *reply, const struct h1_answer *answer)
{
    if (!status_has_length(reply->status))
        return to;
    if (answer->chunked) {
        CHECK(answer->minor > 0); /* [RFC 9112 §6.1] */
        return h1_span_write(STET_SPAN("Transfer-Encoding: chunked\r\n"), to);
    }
    if (reply->content != REPLY_LENGTH)
        return to;
    to = h1_span_write(STET_SPAN("Content-Length: "), to);
    to += h1_number_write(reply->length, to);
    return h1_span_write(STET_SPAN("\r\n"), to);
}

/* A 426 names what it wants to be asked in [RFC 9110 §15.5.22]. */
static bool names_upgrade(const struct reply *reply)
{
    struct stet_span name, value;

    for (size_t i = 0; reply->status == 426 && i < REPLY_BLOCKS; i++) {
        struct stet_span block = reply->blocks[i];
        while (reply_block_next(&block, &name, &value))
            if (stet_field_id(name) == STET_FIELD_UPGRADE)
                return true;
    }
    return false;
}

/* [RFC 9112 §9.3, §9.6] */
static char *connection_put(char *to, const struct reply *reply, const struct h1_answer *answer)
{
    if (names_upgrade(reply)) /* [RFC 9110 §7.8] */
        to = h1_span_write(STET_SPAN("Connection: upgrade\r\n"), to);
    if (answer->close)
        return h1_span_write(STET_SPAN("Connection: close\r\n"), to);
    if (answer->keep_alive)
        return h1_span_write(STET_SPAN("Connection: keep-alive\r\n"), to);
    return to;
}

size_t h1_head_write(const struct reply *reply, const struct h1_answer *answer, char *to)
{
    CHECK(answer->date.len <= DATE_LINE_MAX);
    char *at = status_line_put(to, reply->status);
    at = date_put(at, reply, answer);
    for (size_t i = 0; i < REPLY_BLOCKS; i++)
        at = h1_span_write(reply->blocks[i], at);
    if (!reply->tunnel)
        at = connection_put(framing_put(at, reply, answer), reply, answer);
    else if (reply->status == 101)
        at = h1_span_write(STET_SPAN("Connection: upgrade\r\n"), at); /* [RFC 9110 §7.8] */
    at = h1_span_write(STET_SPAN("\r\n"), at);
    return (size_t)(at - to);
}

size_t h1_interim_room(struct stet_span block)
{
    return FIXED_MAX + block.len;
}

size_t h1_interim_write(int status, struct stet_span block, char *to)
{
    const struct reply reply = {.status = status, .blocks = {block}};
    const struct h1_answer answer = {.minor = 1};
    return h1_head_write(&reply, &answer, to);
}
