/* Why: one table of reasons that feeds Cache-Status, logs, metrics and `stet explain`.
 *
 * Every verdict of this library carries one reason. A reason has a word (a token that never
 * changes once released, used as `detail=` in Cache-Status [RFC 9211 §2.8] and as a metric label),
 * a sentence for people, and the section of the law it rests on.
 */
#ifndef STET_REASON_H
#define STET_REASON_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_reason {
#define REASON(identifier, word, sentence, law) STET_REASON_##identifier,
#include "stet/reason.tbl"
#undef REASON
    STET_REASON_COUNT
};

/* The word, the sentence and the law of a reason; empty spans for numbers out of range. The text is
 * static. */
STET_API struct stet_span stet_reason_word(enum stet_reason reason);
STET_API struct stet_span stet_reason_sentence(enum stet_reason reason);
STET_API struct stet_span stet_reason_law(enum stet_reason reason);

#ifdef __cplusplus
}
#endif

#endif
