/* Reasons: the table keeps its own rules. */
#include "table.h"

#include "stet/reason.h"

static const char *const identifiers[] = {
#define REASON(identifier, word, sentence, law) #identifier,
#include "stet/reason.tbl"
#undef REASON
};

/* C-9211-2.5-1: a word serves as Token in `detail`, so it begins with a letter. */
static void words_are_tokens(void **state)
{
    (void)state;
    for (int i = 0; i < STET_REASON_COUNT; i++) {
        struct stet_span word = stet_reason_word((enum stet_reason)i);
        bool plain = stet_span_is_token(word) && word.at[0] >= 'a' && word.at[0] <= 'z';
        for (size_t j = 0; j < word.len; j++)
            plain = plain && ((word.at[j] >= 'a' && word.at[j] <= 'z') || word.at[j] == '-' ||
                              stet_byte_is_digit((unsigned char)word.at[j]));
        if (!plain)
            fail_msg("%s: the word is no plain token", identifiers[i]);
    }
}

/* A word is its identifier in lower case with hyphens, which also makes it unique. */
static void words_are_their_identifiers(void **state)
{
    (void)state;
    for (int i = 0; i < STET_REASON_COUNT; i++) {
        struct stet_span word = stet_reason_word((enum stet_reason)i);
        struct stet_span identifier = stet_span_of(identifiers[i]);
        bool same = word.len == identifier.len;
        for (size_t j = 0; same && j < word.len; j++) {
            unsigned char byte = (unsigned char)identifier.at[j];
            same = (char)(byte == '_' ? '-' : stet_byte_lower(byte)) == word.at[j];
        }
        if (!same)
            fail_msg("%s: the word is %.*s", identifiers[i], (int)word.len, word.at);
    }
}

static void sentences_are_sentences(void **state)
{
    (void)state;
    for (int i = 0; i < STET_REASON_COUNT; i++) {
        struct stet_span text = stet_reason_sentence((enum stet_reason)i);
        if (text.len < 10 || text.at[text.len - 1] != '.' || text.at[0] == ' ' ||
            stet_span_find(text, '\n') < text.len)
            fail_msg("%s: \"%.*s\" is no sentence", identifiers[i], (int)text.len, text.at);
    }
}

static bool digits_at(struct stet_span text, size_t from)
{
    return from < text.len && stet_byte_is_digit((unsigned char)text.at[from]);
}

static void laws_are_citations(void **state)
{
    (void)state;
    for (int i = 0; i < STET_REASON_COUNT; i++) {
        struct stet_span law = stet_reason_law((enum stet_reason)i);
        bool rfc = stet_span_starts(law, STET_SPAN("RFC ")) && digits_at(law, 4);
        bool decision = stet_span_starts(law, STET_SPAN("D-")) && digits_at(law, 2);
        if (i == STET_REASON_NONE ? law.len != 0 : !rfc && !decision)
            fail_msg("%s: \"%.*s\" cites nothing", identifiers[i], (int)law.len, law.at);
    }
}

static void numbers_out_of_range(void **state)
{
    (void)state;
    assert_int_equal(STET_REASON_NONE, 0);
    assert_null(stet_reason_word(STET_REASON_COUNT).at);
    assert_null(stet_reason_sentence((enum stet_reason) - 1).at);
    assert_null(stet_reason_law((enum stet_reason)4711).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_tokens),        cmocka_unit_test(words_are_their_identifiers),
        cmocka_unit_test(sentences_are_sentences), cmocka_unit_test(laws_are_citations),
        cmocka_unit_test(numbers_out_of_range),
    };
    return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
