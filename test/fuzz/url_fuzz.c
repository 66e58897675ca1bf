/* URLs as typed: what is made of them has neither userinfo nor fragment nor octets outside ASCII,
 * and making it once more changes nothing. References: what is escaped stays so. */
#include "base/memory.h"
#include "client/url.h"

#include "fuzz.h"

static char *ascii(const char *host)
{
    char *name = host[0] == 'x' ? memory_new(8) : NULL;

    return name ? strcpy(name, "xn--x") : NULL;
}

static void typed_tried(const char *typed)
{
    struct url once, twice;

    if (!url_take(typed, ascii, &once))
        return;
    const char *scheme = strstr(once.sent, "://");
    must(scheme != NULL && !strchr(once.sent, '#'));
    const char *host = scheme + 3, *rest = host + strcspn(host, "/?");
    must(!memchr(host, '@', (size_t)(rest - host)));
    for (const char *at = rest; *at; at++)
        must((unsigned char)*at < 0x80);
    must(url_take(once.sent, ascii, &twice));
    must(strcmp(once.sent, twice.sent) == 0 && !twice.userinfo);
    url_fini(&twice);
    url_fini(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *typed = memory_new(size + 1), *to = memory_new(3 * size + 1);

    if (typed && to) {
        memcpy(typed, data, size);
        typed[size] = '\0';
        typed_tried(typed);
        const size_t len = url_escape(stet_span(typed, size), to);
        must(len >= size && len <= 3 * size);
        for (size_t i = 0; i < len && size < 4096; i++)
            must(to[i] != '\0' || memchr(typed, '\0', size));
    }
    memory_free(typed);
    memory_free(to);
    return 0;
}
