/* Holds the Content-Type of a response against the extension in its path.
 *
 * The extension is what somebody would be fooled by: it stands behind the last dot of the last
 * segment, up to a semicolon, whether octets are escaped or not.
 *
 * Given up: text/html as the only type that is suspected. An account's data may come as JSON.
 */
#include "cache/deception.h"

struct row {
    struct stet_span extension;
    struct stet_span type;
};

static const struct row rows[] = {
#define EXTENSION(extension, type) {STET_SPAN_INIT(extension), STET_SPAN_INIT(type)},
#include "cache/deception.tbl"
#undef EXTENSION
};

enum { EXTENSION_MAX = 8 };

static int hex(char digit)
{
    const char lower = (char)stet_byte_lower((unsigned char)digit);
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The octet that a path has at its start, in lower case, and how many octets spell it. */
static char path_octet(struct stet_span path, size_t *len)
{
    int octet = (unsigned char)path.at[0];
    *len = 1;
    if (octet == '%' && path.len > 2 && hex(path.at[1]) >= 0 && hex(path.at[2]) >= 0) {
        octet = hex(path.at[1]) << 4 | hex(path.at[2]);
        *len = 3;
    }
    return (char)stet_byte_lower((unsigned char)octet);
}

/* Writes the extension to `to`; empty if there is none, or one that is too long to be known. */
static struct stet_span extension_of(struct stet_span path, char to[EXTENSION_MAX])
{
    bool begun = false, ended = false;
    size_t size = 0, len;

    for (; path.len > 0; path = stet_span_from(path, len)) {
        const char octet = path_octet(path, &len);
        if (octet == '/' || octet == '.') {
            begun = octet == '.';
            ended = false;
            size = 0;
        } else if (octet == ';') {
            ended = true;
        } else if (begun && !ended && size <= EXTENSION_MAX) {
            to[size % EXTENSION_MAX] = octet;
            size++;
        }
    }
    return size <= EXTENSION_MAX ? stet_span(to, size) : STET_SPAN_NONE;
}

static bool type_fits(struct stet_span type, struct stet_span wanted)
{
    const bool kind = wanted.at[wanted.len - 1] == '/';
    if (kind && type.len > wanted.len)
        type.len = wanted.len;
    return stet_span_equal_nocase(type, wanted);
}

bool deception_suspected(struct stet_span path, const struct stet_head *response)
{
    char room[EXTENSION_MAX];
    const struct stet_span extension = extension_of(path, room);
    const struct stet_field *field = stet_head_first(response, STET_FIELD_CONTENT_TYPE);
    bool known = false;

    if (extension.len == 0 || !field)
        return false;
    const struct stet_span type =
        stet_span_trim(stet_span(field->value.at, stet_span_find(field->value, ';')));
    if (stet_span_equal_nocase(type, STET_SPAN("application/octet-stream")))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!stet_span_equal(rows[i].extension, extension))
            continue;
        if (type_fits(type, rows[i].type))
            return false;
        known = true;
    }
    return known;
}
