/* Decoding: whatever comes, in one piece or octet by octet, gives the same octets and the same
 * verdict. The first octet of the input chooses the coding. */
#include "base/text.h"
#include "client/decoding.h"
#include "client/message.h"

#include "fuzz.h"

enum { MOST = 1 << 20 };

static bool gather(void *owner, struct stet_span bytes)
{
    struct text *text = owner;

    must(bytes.len > 0);
    text_put(text, bytes.at, bytes.len);
    return text->len < MOST;
}

static bool tried(const struct stet_head *head, struct stet_span coded, size_t piece,
                  struct text *text)
{
    struct decoding *decoding = decoding_new(head, gather, text);
    bool well = true;

    must(decoding != NULL);
    while (well && coded.len) {
        const size_t len = piece < coded.len ? piece : coded.len;
        well = decoding_feed(decoding, stet_span(coded.at, len));
        coded = stet_span_from(coded, len);
    }
    well = well && decoding_end(decoding);
    decoding_free(decoding);
    return well;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codings[] = {"gzip", "br", "zstd", "br, gzip"};
    struct message head = {0};
    struct text one = {0}, other = {0};

    if (size == 0)
        return 0;
    const struct stet_span coded = {(const char *)data + 1, size - 1};
    must(message_add(&head, STET_SPAN("Content-Encoding"), stet_span_of(codings[data[0] % 4])));
    const bool well = tried(&head.head, coded, size, &one);
    const bool again = tried(&head.head, coded, 1, &other);
    if (one.len < MOST && other.len < MOST) {
        must(well == again);
        must(!well ||
             (one.len == other.len && (one.len == 0 || !memcmp(one.at, other.at, one.len))));
    }
    text_fini(&one);
    text_fini(&other);
    message_fini(&head);
    return 0;
}
