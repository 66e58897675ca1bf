/* Judges exchanges on orders from standard input, for freshness_peer.mjs.
 *
 * One order a line, its parts divided by tabs, heads as "Name: value" lines in hexadecimal:
 *
 *     ROLE  METHOD  REQUEST  STATUS  RESPONSE  WALL  METHOD  REQUEST  LATER
 *
 * ROLE is shared or private: the letter of the law, without targeted fields. The response came at
 * second 0 of the steady clock and at WALL since 1970; the second request comes at second LATER.
 * Answered by
 *
 *     STORED  REASON  TTL  SERVED  REASON
 *
 * STORED and SERVED (without asking the origin, Vary included) are 0 or 1, TTL is in seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stet/reuse.h"
#include "stet/vary.h"

#define PARTS 9
#define FIELDS_MAX 64

static void die(const char *why)
{
    fprintf(stderr, "freshness_driver: %s\n", why);
    exit(2);
}

/* Turns hexadecimal into octets in place. */
static struct stet_span unhex(char *text)
{
    size_t len = strlen(text) / 2;
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        text[i] = (char)strtoul(pair, NULL, 16);
    }
    return stet_span(text, len);
}

struct message {
    struct stet_field fields[FIELDS_MAX];
    struct stet_head head;
};

static struct stet_head message_read(struct message *to, char *hex)
{
    struct stet_span rest = unhex(hex);

    to->head = (struct stet_head){.fields = to->fields};
    while (rest.len) {
        struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        size_t colon = stet_span_find(line, ':');
        if (to->head.count == FIELDS_MAX)
            die("too many fields");
        stet_head_add(&to->head, to->fields, stet_span(line.at, colon),
                      stet_span_from(line, colon + 1));
        rest = stet_span_from(rest, line.len + 1);
    }
    return to->head;
}

static struct stet_profile profile_of(const char *role)
{
    struct stet_profile profile =
        strcmp(role, "private") ? stet_profile_rfc9111() : stet_profile_private();

    profile.heuristics = STET_HEURISTICS_FULL;
    profile.target_count = 0;
    return profile;
}

static struct stet_request request_of(struct message *to, const char *method, char *hex)
{
    struct stet_span name = stet_span_of(method);

    return (struct stet_request){
        .method = stet_method_of(name), .method_name = name, .head = message_read(to, hex)};
}

static bool selects(const struct stet_head *response, const struct stet_head *first,
                    const struct stet_head *later)
{
    static char selection[65536];
    struct stet_list vary = stet_list_of(response, STET_FIELD_VARY);
    size_t length = stet_vary_select(vary, first, selection, sizeof(selection));

    if (length > sizeof(selection))
        die("a selection is too long");
    return !stet_vary_any(response) && stet_vary_match(stet_span(selection, length), later);
}

static void judge(char *parts[PARTS])
{
    struct message heads[3];
    struct stet_profile profile = profile_of(parts[0]);
    struct stet_request first = request_of(&heads[0], parts[1], parts[2]);
    struct stet_response response = {atoi(parts[3]), message_read(&heads[1], parts[4])};
    struct stet_request later = request_of(&heads[2], parts[6], parts[7]);
    struct stet_transaction transaction = {
        .request = &first, .response = &response, .arrival = {0, 0, atoll(parts[5])}};
    struct stet_storing storing = stet_may_store(&profile, &transaction);
    struct stet_stored stored = stet_stored_of(&profile, &transaction, &storing.directives);
    struct stet_asked asked = stet_asked_of(&profile, &later, false);
    struct stet_reuse reuse = stet_may_reuse(&profile, &stored, &asked, atoll(parts[8]));
    bool served = (reuse.answer == STET_REUSE_FRESH || reuse.answer == STET_REUSE_STALE) &&
                  selects(&response.head, &first.head, &later.head);
    struct stet_span why = stet_reason_word(storing.reason);
    struct stet_span how = stet_reason_word(reuse.reason);

    printf("%d\t%.*s\t%lld\t%d\t%.*s\n", storing.allowed, (int)why.len, why.at,
           (long long)reuse.ttl, served, (int)how.len, how.at);
}

int main(void)
{
    static char line[1 << 16];

    while (fgets(line, sizeof(line), stdin)) {
        char *parts[PARTS];
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < PARTS; i++) {
            parts[i] = rest ? rest : line + strlen(line);
            rest = rest ? strchr(rest, '\t') : NULL;
            if (rest)
                *rest++ = '\0';
        }
        judge(parts);
    }
    return 0;
}
