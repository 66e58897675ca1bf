/* Reasons looked up in their table, reason.tbl. */
#include "stet/reason.h"

struct row {
    struct stet_span word;
    struct stet_span sentence;
    struct stet_span law;
};

static const struct row rows[] = {
#define REASON(identifier, word, sentence, law) \
    {{word, sizeof(word) - 1}, {sentence, sizeof(sentence) - 1}, {law, sizeof(law) - 1}},
#include "stet/reason.tbl"
#undef REASON
};

static const struct row nothing;

static const struct row *row_of(enum stet_reason reason)
{
    return (unsigned)reason < STET_REASON_COUNT ? &rows[reason] : &nothing;
}

struct stet_span stet_reason_word(enum stet_reason reason)
{
    return row_of(reason)->word;
}

struct stet_span stet_reason_sentence(enum stet_reason reason)
{
    return row_of(reason)->sentence;
}

struct stet_span stet_reason_law(enum stet_reason reason)
{
    return row_of(reason)->law;
}
