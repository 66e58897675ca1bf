/* Priority: how urgent a response is and whether its parts are of use [RFC 9218 §4, §5].
 */
#ifndef STET_PRIORITY_H
#define STET_PRIORITY_H

#include "stet/sf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A priority. In a request what is not stated has its default; in a response it means that the
 * origin has no opinion [RFC 9218 §8]. */
struct stet_priority {
    uint8_t urgency;  /* 0 (first) to 7 (last) */
    bool incremental; /* parts of the response are of use before the whole is there */
    bool urgency_stated;
    bool incremental_stated;
};

/* Urgency 3, not incremental, nothing stated [RFC 9218 §4.1, §4.2]. */
#define STET_PRIORITY_DEFAULT ((struct stet_priority){3, false, false, false})

/* Reads the Priority field of a request or a response. Unknown keys, values of another type and
 * urgencies out of range count as not stated, and so does a field off the grammar
 * [RFC 9218 §4]. */
STET_API struct stet_priority stet_priority_of(const struct stet_head *head);

/* Reads one value, as HTTP/2 and HTTP/3 carry it in PRIORITY_UPDATE frames [RFC 9218 §7]. */
STET_API struct stet_priority stet_priority_in(struct stet_span value);

/* What the request asks, changed by what the response states [RFC 9218 §8]. */
STET_API struct stet_priority stet_priority_merge(struct stet_priority request,
                                                  struct stet_priority response);

#ifdef __cplusplus
}
#endif

#endif
