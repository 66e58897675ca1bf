/* Status lines out of the table of statuses.
 */
#include "client/statusline.h"

#include <stdio.h>

const char *statusline_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } all[] = {
#define STATUS(code, phrase) {code, phrase},
#include "stet/phrase.tbl"
#undef STATUS
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].status == status)
            return all[i].phrase;
    return "";
}

size_t statusline_write(uint16_t version, int status, char to[STATUSLINE_ROOM])
{
    if (version == 20) /* [RFC 9113 §8.3.2] has no phrases */
        return (size_t)snprintf(to, STATUSLINE_ROOM, "HTTP/2 %d", status);
    return (size_t)snprintf(to, STATUSLINE_ROOM, "HTTP/1.%d %d %.40s", version == 10 ? 0 : 1,
                            status, statusline_phrase(status));
}
