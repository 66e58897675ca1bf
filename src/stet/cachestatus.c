/* One member of Cache-Status from a struct of what happened.
 *
 * Parameters are left out where they would be false or say what a reader assumes without them, so
 * that the field stays short: it goes out with every response.
 */
#include "stet/cachestatus.h"
#include "stet/sf_writer.h"

struct stet_span stet_forward_token(enum stet_forward forward)
{
    static const struct stet_span tokens[STET_FORWARD_COUNT] = {
        STET_SPAN_INIT(""),
#define FORWARD(identifier, token) STET_SPAN_INIT(token),
#include "stet/cachestatus.tbl"
#undef FORWARD
    };
    return (unsigned)forward < STET_FORWARD_COUNT ? tokens[forward] : STET_SPAN("");
}

static void write_flag(struct stet_sf_writer *writer, struct stet_span key, bool flag)
{
    if (flag) {
        stet_sf_write_parameter(writer, key);
        stet_sf_write_boolean(writer, true);
    }
}

static void write_number(struct stet_sf_writer *writer, struct stet_span key, int64_t number)
{
    static const int64_t most = 999999999999999; /* [RFC 9651 §3.3.1] */
    stet_sf_write_parameter(writer, key);
    stet_sf_write_integer(writer, number > most ? most : number < -most ? -most : number);
}

static void write_forward(struct stet_sf_writer *writer, const struct stet_cachestatus *status)
{
    if (status->forward == STET_FORWARD_NONE)
        return;
    stet_sf_write_parameter(writer, STET_SPAN("fwd")); /* [RFC 9211 §2.2] */
    stet_sf_write_token(writer, stet_forward_token(status->forward));
    if (status->forward_status)
        write_number(writer, STET_SPAN("fwd-status"), status->forward_status); /* [RFC 9211 §2.3] */
    write_flag(writer, STET_SPAN("stored"), status->stored);       /* [RFC 9211 §2.5] */
    write_flag(writer, STET_SPAN("collapsed"), status->collapsed); /* [RFC 9211 §2.6] */
}

static void write_detail(struct stet_sf_writer *writer, const struct stet_cachestatus *status)
{
    if (status->key.len && stet_sf_string_valid(status->key)) {
        stet_sf_write_parameter(writer, STET_SPAN("key")); /* [RFC 9211 §2.7] */
        stet_sf_write_string(writer, status->key);
    }
    if (status->detail != STET_REASON_NONE) {
        stet_sf_write_parameter(writer, STET_SPAN("detail")); /* [RFC 9211 §2.8] */
        stet_sf_write_token(writer, stet_reason_word(status->detail));
    }
}

size_t stet_cachestatus_write(const struct stet_cachestatus *status, char *to, size_t room)
{
    struct stet_sf_writer writer = stet_sf_writer(STET_SF_LIST, to, room);
    bool forwarded = status->forward != STET_FORWARD_NONE;
    if (status->hit == forwarded || status->cache.len == 0)
        return 0; /* [RFC 9211 §2.1, §2] */
    stet_sf_write_name(&writer, status->cache);
    write_flag(&writer, STET_SPAN("hit"), status->hit); /* [RFC 9211 §2.1] */
    write_forward(&writer, status);
    if (status->has_ttl)
        write_number(&writer, STET_SPAN("ttl"), status->ttl); /* [RFC 9211 §2.4] */
    write_detail(&writer, status);
    return stet_sf_written(&writer).len;
}
