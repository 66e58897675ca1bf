/* The Date line: text that is kept until its second is over, or until the clock is set back.
 */
#include "net/dateline.h"

#include "stet/date.h"

#include <string.h>

#define NS_PER_SECOND 1000000000

struct stet_span dateline_at(struct dateline *line, int64_t wall)
{
    struct stet_span text = stet_span(line->text, 6 + STET_DATE_LENGTH + 2);
    if (wall < line->until && wall >= line->until - NS_PER_SECOND)
        return text;
    int64_t seconds = wall / NS_PER_SECOND;
    memcpy(line->text, "Date: ", 6);
    stet_date_write(seconds, line->text + 6);
    memcpy(line->text + 6 + STET_DATE_LENGTH, "\r\n", 2);
    line->until = (seconds + 1) * NS_PER_SECOND;
    return text;
}
