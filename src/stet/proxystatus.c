/* One member of Proxy-Status from a struct of what happened, and the table of what can go wrong.
 */
#include "stet/proxystatus.h"
#include "stet/sf_writer.h"

struct proxy_error {
    struct stet_span token;
    struct stet_span number; /* keys of the extra parameters */
    struct stet_span text;
    enum stet_sf_type type; /* of the text */
    int status;
};

static const struct proxy_error errors[STET_PROXY_ERROR_COUNT] = {
    {STET_SPAN_INIT(""), STET_SPAN_INIT(""), STET_SPAN_INIT(""), STET_SF_TOKEN, 0},
#define PROXY_ERROR(identifier, token, status, number, text, type) \
    {STET_SPAN_INIT(token), STET_SPAN_INIT(number), STET_SPAN_INIT(text), STET_SF_##type, status},
#include "stet/proxystatus.tbl"
#undef PROXY_ERROR
};

static const struct proxy_error *error_at(enum stet_proxy_error error)
{
    return &errors[(unsigned)error < STET_PROXY_ERROR_COUNT ? error : STET_PROXY_ERROR_NONE];
}

struct stet_span stet_proxy_error_token(enum stet_proxy_error error)
{
    return error_at(error)->token;
}

int stet_proxy_error_status(enum stet_proxy_error error)
{
    return error_at(error)->status;
}

static void write_integer(struct stet_sf_writer *writer, struct stet_span key, int64_t number)
{
    stet_sf_write_parameter(writer, key);
    stet_sf_write_integer(writer, number);
}

static void write_string(struct stet_sf_writer *writer, struct stet_span key, struct stet_span text)
{
    if (text.len && stet_sf_string_valid(text)) {
        stet_sf_write_parameter(writer, key);
        stet_sf_write_string(writer, text);
    }
}

static void write_token(struct stet_sf_writer *writer, struct stet_span key, struct stet_span text)
{
    if (stet_sf_token_valid(text)) {
        stet_sf_write_parameter(writer, key);
        stet_sf_write_token(writer, text);
    }
}

static void write_error(struct stet_sf_writer *writer, const struct stet_proxystatus *status)
{
    static const int64_t most = 999999999999999; /* [RFC 9651 §3.3.1] */
    const struct proxy_error *error = error_at(status->error);
    write_token(writer, STET_SPAN("error"), error->token); /* [RFC 9209 §2.1.1] */
    if (error->number.len && status->has_number && status->number >= 0 && status->number <= most)
        write_integer(writer, error->number, status->number);
    if (error->text.len && error->type == STET_SF_TOKEN)
        write_token(writer, error->text, status->text);
    else if (error->text.len)
        write_string(writer, error->text, status->text);
}

static void write_hop(struct stet_sf_writer *writer, const struct stet_proxystatus *status)
{
    if (status->next_hop.len && stet_sf_string_valid(status->next_hop)) {
        stet_sf_write_parameter(writer, STET_SPAN("next-hop")); /* [RFC 9209 §2.1.2] */
        stet_sf_write_name(writer, status->next_hop);
    }
    if (stet_sf_token_valid(status->next_protocol)) {
        write_token(writer, STET_SPAN("next-protocol"), status->next_protocol);
    } else if (status->next_protocol.len) { /* only if no Token [RFC 9209 §2.1.3] */
        stet_sf_write_parameter(writer, STET_SPAN("next-protocol"));
        stet_sf_write_bytes(writer, status->next_protocol);
    }
    if (status->received_status)
        write_integer(writer, STET_SPAN("received-status"), status->received_status);
}

size_t stet_proxystatus_write(const struct stet_proxystatus *status, char *to, size_t room)
{
    struct stet_sf_writer writer = stet_sf_writer(STET_SF_LIST, to, room);
    if (status->proxy.len == 0)
        return 0;
    stet_sf_write_name(&writer, status->proxy);
    write_error(&writer, status);
    write_hop(&writer, status);
    write_string(&writer, STET_SPAN("details"), status->details); /* [RFC 9209 §2.1.5] */
    return stet_sf_written(&writer).len;
}
