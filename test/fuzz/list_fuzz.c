/* Lists: members are never empty, keep their order and their octets, and joined by commas divide
 * into the same members again; words and parameters stay within their text. */
#include <string.h>

#include "stet/list.h"

#include "fuzz.h"

enum { SIZE_MOST = 1024 };

static bool within(struct stet_span part, struct stet_span whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void joined_again(struct stet_span value)
{
    char joined[2 * SIZE_MOST + 1];
    struct stet_span members[SIZE_MOST], member;
    size_t count = 0, len = 0;
    struct stet_list list = stet_list_in(value);
    const char *last = value.at;
    while (stet_list_next(&list, &member)) {
        must(member.len > 0 && within(member, value) && member.at >= last);
        must(member.at[0] != ' ' && member.at[0] != '\t' && member.at[0] != ',');
        last = member.at + member.len;
        memcpy(joined + len, member.at, member.len);
        len += member.len;
        joined[len++] = ',';
        members[count++] = member;
    }
    bool unclosed = list.unclosed;
    must(!stet_list_next(&list, &member));

    /* Behind a quote that does not close, a comma would belong to the member. */
    list = stet_list_in(stet_span(joined, len && unclosed ? len - 1 : len));
    for (size_t i = 0; i < count; i++)
        must(stet_list_next(&list, &member) && stet_span_equal(member, members[i]));
    must(!stet_list_next(&list, &member) && list.unclosed == unclosed);
}

static void word_tried(struct stet_span text)
{
    struct stet_span rest = text, value;
    bool quoted = false;
    if (!stet_word_next(&rest, &value, &quoted)) {
        must(rest.at == text.at && rest.len == text.len);
        return;
    }
    char plain[SIZE_MOST + 1];
    must(within(value, text) && rest.at + rest.len == text.at + text.len);
    must((size_t)(rest.at - text.at) == value.len + (quoted ? 2 : 0));
    must(quoted || stet_span_is_token(value));
    size_t length = stet_unquote(value, plain);
    must(length <= value.len);

    /* Written with its escapes, it reads as the same text. */
    char again[2 * SIZE_MOST + 2];
    size_t len = 0;
    again[len++] = '"';
    for (size_t i = 0; i < length; i++) {
        if (plain[i] == '"' || plain[i] == '\\')
            again[len++] = '\\';
        again[len++] = plain[i];
    }
    again[len++] = '"';
    struct stet_span whole = stet_span(again, len), inside;
    char twice[2 * SIZE_MOST + 2];
    must(!quoted || (stet_word_next(&whole, &inside, NULL) && whole.len == 0 &&
                     stet_unquote(inside, twice) == length && !memcmp(twice, plain, length)));
}

static void parameters_tried(struct stet_span text)
{
    struct stet_span rest = text, name, value;
    size_t before = text.len + 1;
    while (stet_parameter_next(&rest, &name, &value)) {
        must(rest.len < before && stet_span_is_token(name));
        must(within(name, text) && within(value, text));
        before = rest.len;
    }
    int weight = stet_weight(text);
    must(weight >= -1 && weight <= 1000);
    must(rest.len == 0 || weight == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_span text = stet_span((const char *)data, size);
    if (size > SIZE_MOST)
        return 0;
    joined_again(text);
    word_tried(text);
    parameters_tried(text);
    return 0;
}
