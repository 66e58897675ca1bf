/* Regular expressions by pcre2, without its ways of running for ever.
 *
 * Texts are octets: no UTF-8 is presumed, so no text is invalid. pcre2's own limit of effort counts
 * anew at each place where a match might begin, so a long text could take that many times as long.
 * Hence a callout at each item of the expression, which counts all of them; past the limit the
 * search has failed, and whoever asked does without its answer. Memory comes through base/memory.h,
 * so that a test can let it run out.
 *
 * Given up: compiling to machine code. Its pages would have to be writable and then executable,
 * which a sandbox forbids; and what is searched here is small.
 */
#include "cache/pattern.h"

#include "base/memory.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>

enum {
    PATTERN_HEAP = 1024,     /* KiB for nested attempts */
    PATTERN_PARENTHESES = 50 /* nested, when compiling */
};

struct pattern {
    pcre2_general_context *general;
    pcre2_code *code;
};

static void *pattern_memory(size_t size, void *owner)
{
    (void)owner;
    return memory_new(size);
}

static void pattern_memory_free(void *memory, void *owner)
{
    (void)owner;
    memory_free(memory);
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    pcre2_general_context_free(pattern->general);
    memory_free(pattern);
}

static bool pattern_compile(struct pattern *pattern, struct stet_span text,
                            char message[PATTERN_MESSAGE])
{
    pcre2_compile_context *context = pcre2_compile_context_create(pattern->general);
    PCRE2_SIZE offset = 0;
    int error = PCRE2_ERROR_NOMEMORY;

    if (context) {
        pcre2_set_parens_nest_limit(context, PATTERN_PARENTHESES);
        pattern->code =
            pcre2_compile((PCRE2_SPTR)text.at, text.len, PCRE2_NEVER_UTF | PCRE2_AUTO_CALLOUT,
                          &error, &offset, context);
        pcre2_compile_context_free(context);
    }
    if (pattern->code)
        return true;
    PCRE2_UCHAR what[PATTERN_MESSAGE - 40];
    if (pcre2_get_error_message(error, what, sizeof what) < 0)
        what[0] = '\0';
    (void)snprintf(message, PATTERN_MESSAGE, "%s (at octet %zu)", (const char *)what,
                   (size_t)offset + 1);
    return false;
}

struct pattern *pattern_new(struct stet_span text, char message[PATTERN_MESSAGE])
{
    struct pattern *pattern = memory_new_zero(sizeof *pattern);

    (void)snprintf(message, PATTERN_MESSAGE, "memory is out");
    if (!pattern)
        return NULL;
    pattern->general = pcre2_general_context_create(pattern_memory, pattern_memory_free, NULL);
    if (pattern->general && pattern_compile(pattern, text.at ? text : STET_SPAN(""), message))
        return pattern;
    pattern_free(pattern);
    return NULL;
}

void pattern_scratch_fini(struct pattern_scratch *scratch)
{
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->limits);
    scratch->data = scratch->limits = NULL;
}

static int pattern_step(pcre2_callout_block *block, void *owner)
{
    struct pattern_scratch *scratch = owner;

    (void)block;
    if (scratch->effort == 0)
        return PCRE2_ERROR_MATCHLIMIT;
    scratch->effort--;
    return 0;
}

static bool pattern_prepare(const struct pattern *pattern, struct pattern_scratch *scratch)
{
    if (!scratch->data)
        scratch->data = pcre2_match_data_create(1, pattern->general);
    if (!scratch->limits) {
        scratch->limits = pcre2_match_context_create(pattern->general);
        if (scratch->limits) {
            pcre2_set_heap_limit(scratch->limits, PATTERN_HEAP);
            pcre2_set_callout(scratch->limits, pattern_step, scratch);
        }
    }
    return scratch->data && scratch->limits;
}

enum pattern_found pattern_find(const struct pattern *pattern, struct stet_span text, size_t from,
                                struct pattern_scratch *scratch, struct pattern_match *match)
{
    if (!pattern_prepare(pattern, scratch))
        return PATTERN_FAILED;
    int found = pcre2_match(pattern->code, (PCRE2_SPTR)(text.at ? text.at : ""), text.len, from, 0,
                            scratch->data, scratch->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return PATTERN_NONE;
    if (found < 0)
        return PATTERN_FAILED;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scratch->data);
    if (ends[0] < from || ends[0] > ends[1]) /* \K may move the beginning anywhere */
        return PATTERN_FAILED;
    *match = (struct pattern_match){ends[0], ends[1]};
    return PATTERN_FOUND;
}
