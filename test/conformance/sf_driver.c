/* Reads and writes structured fields on orders from standard input, for the scripts beside it.
 *
 * One order a line, its parts divided by tabs, texts in hexadecimal:
 *
 *     read  KIND  LINE,LINE,...   ->  ok  JSON  CANONICAL     or  fail
 *     write KIND  CALL CALL ...   ->  ok  CANONICAL           or  fail
 *
 * KIND is list, dictionary or item. JSON has the shape of the public test vectors, but Byte
 * Sequences and Display Strings carry hexadecimal. A CALL is a letter and its argument: k and p
 * keys of members and parameters; ( and ) an inner list; i and D numbers; d a fraction N/D; s t b u
 * texts; T F.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stet/sf_writer.h"

static void die(const char *why)
{
    fprintf(stderr, "sf_driver: %s\n", why);
    exit(2);
}

static void *allocate(size_t size)
{
    void *block = malloc(size ? size : 1);
    if (!block)
        die("out of memory");
    return block;
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

static void print_hex(struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++)
        printf("%02x", (unsigned char)text.at[i]);
}

static enum stet_sf_kind kind_of(const char *word)
{
    if (!strcmp(word, "list"))
        return STET_SF_LIST;
    if (!strcmp(word, "dictionary"))
        return STET_SF_DICTIONARY;
    if (strcmp(word, "item"))
        die("no such kind");
    return STET_SF_ITEM;
}

/* The members of a walk, each key once at its first place with its last value. */
struct members {
    struct stet_sf_member *at;
    size_t count;
};

static void take(struct members *members, const struct stet_sf_member *member)
{
    for (size_t i = 0; member->key.at && i < members->count; i++) {
        if (stet_span_equal(members->at[i].key, member->key)) {
            members->at[i] = *member;
            return;
        }
    }
    members->at[members->count++] = *member;
}

static struct members members_of(struct stet_sf walk)
{
    struct stet_sf_member member;
    struct stet_sf counting = walk;
    struct members members = {NULL, 0};
    size_t count = 0;
    while (stet_sf_next(&counting, &member))
        count++;
    members.at = allocate(count * sizeof(member));
    while (stet_sf_next(&walk, &member))
        take(&members, &member);
    return members;
}

static void print_typed(const char *type, const struct stet_sf_member *member)
{
    size_t length = stet_sf_decode(member, NULL, 0);
    char *text = allocate(length);
    stet_sf_decode(member, text, length);
    printf("{\"__type\":\"%s\",\"value\":\"", type);
    print_hex(stet_span(text, length));
    printf("\"}");
    free(text);
}

static void print_string(const struct stet_sf_member *member)
{
    struct stet_span text = member->text;
    putchar('"');
    while (text.len) {
        char c = stet_sf_octet_next(member->type, &text);
        if (c == '"' || c == '\\')
            putchar('\\');
        putchar(c);
    }
    putchar('"');
}

static void print_decimal(int64_t thousandths)
{
    int64_t size = thousandths < 0 ? -thousandths : thousandths;
    printf("%s%" PRId64 ".%03d", thousandths < 0 ? "-" : "", size / 1000, (int)(size % 1000));
}

static void print_bare(const struct stet_sf_member *member)
{
    switch (member->type) {
    case STET_SF_INTEGER:
        printf("%" PRId64, member->number);
        break;
    case STET_SF_DECIMAL:
        print_decimal(member->number);
        break;
    case STET_SF_STRING:
        print_string(member);
        break;
    case STET_SF_TOKEN:
        print_typed("token", member);
        break;
    case STET_SF_BYTES:
        print_typed("binary", member);
        break;
    case STET_SF_BOOLEAN:
        printf("%s", member->number ? "true" : "false");
        break;
    case STET_SF_DATE:
        printf("{\"__type\":\"date\",\"value\":%" PRId64 "}", member->number);
        break;
    case STET_SF_DISPLAY:
        print_typed("displaystring", member);
        break;
    default:
        die("a bare item was wanted");
    }
}

static void print_parameters(const struct stet_sf_member *member)
{
    struct members parameters = members_of(stet_sf_parameters(member));
    printf(",[");
    for (size_t i = 0; i < parameters.count; i++) {
        const struct stet_sf_member *at = &parameters.at[i];
        printf("%s[\"%.*s\",", i ? "," : "", (int)at->key.len, at->key.at);
        print_bare(at);
        putchar(']');
    }
    putchar(']');
    free(parameters.at);
}

static void print_member(const struct stet_sf_member *member)
{
    putchar('[');
    if (member->type == STET_SF_INNER_LIST) {
        struct members items = members_of(stet_sf_inner(member));
        putchar('[');
        for (size_t i = 0; i < items.count; i++) {
            printf("%s", i ? "," : "");
            print_member(&items.at[i]);
        }
        putchar(']');
        free(items.at);
    } else {
        print_bare(member);
    }
    print_parameters(member);
    putchar(']');
}

static void print_field(enum stet_sf_kind kind, const struct members *members)
{
    if (kind != STET_SF_ITEM)
        putchar('[');
    for (size_t i = 0; i < members->count; i++) {
        printf("%s", i ? "," : "");
        if (kind == STET_SF_DICTIONARY)
            printf("[\"%.*s\",", (int)members->at[i].key.len, members->at[i].key.at);
        print_member(&members->at[i]);
        if (kind == STET_SF_DICTIONARY)
            putchar(']');
    }
    if (kind != STET_SF_ITEM)
        putchar(']');
}

/* stet_sf_write_member repeats the parameters of the wire; here each key counts once. */
static void copy_item(struct stet_sf_writer *writer, const struct stet_sf_member *item)
{
    struct members parameters = members_of(stet_sf_parameters(item));
    for (size_t i = 0; i < parameters.count; i++) {
        struct stet_sf_member bare = parameters.at[i];
        bare.key = bare.parameters = STET_SPAN_NONE;
        stet_sf_write_parameter(writer, parameters.at[i].key);
        stet_sf_write_member(writer, &bare);
    }
    free(parameters.at);
}

static void copy_member(struct stet_sf_writer *writer, const struct stet_sf_member *member)
{
    struct stet_sf_member bare = *member;
    bare.parameters = STET_SPAN_NONE;
    if (member->type == STET_SF_INNER_LIST) {
        struct stet_sf items = stet_sf_inner(member);
        if (member->key.at)
            stet_sf_write_key(writer, member->key);
        stet_sf_write_inner(writer);
        while (stet_sf_next(&items, &bare))
            copy_member(writer, &bare);
        stet_sf_write_inner_end(writer);
    } else {
        stet_sf_write_member(writer, &bare);
    }
    copy_item(writer, member);
}

static void print_canonical(enum stet_sf_kind kind, const struct members *members, size_t room)
{
    char *to = allocate(room);
    struct stet_sf_writer writer = stet_sf_writer(kind, to, room);
    for (size_t i = 0; i < members->count; i++)
        copy_member(&writer, &members->at[i]);
    struct stet_span canonical = stet_sf_written(&writer);
    if (!canonical.at)
        die("what was read cannot be written");
    print_hex(canonical);
    free(to);
}

static void read_field(const char *word, char *lines)
{
    enum { LINES = 64 };
    enum stet_sf_kind kind = kind_of(word);
    struct stet_field fields[LINES];
    struct stet_head head = {.fields = fields};
    struct stet_sf walk;
    size_t room = 3 * strlen(lines) + 64;
    for (char *line; head.count < LINES && (line = strsep(&lines, ","));) {
        struct stet_span value = unhex(line);
        fields[head.count++] = (struct stet_field){
            .name = STET_SPAN_INIT("Example"), .value = value, .id = STET_FIELD_UNKNOWN};
    }
    if (!stet_sf_named(&walk, &head, STET_SPAN("example"), kind)) {
        puts("fail");
        return;
    }
    struct members members = members_of(walk);
    printf("ok\t");
    print_field(kind, &members);
    putchar('\t');
    print_canonical(kind, &members, room);
    putchar('\n');
    free(members.at);
}

static void write_number(struct stet_sf_writer *writer, char what, const char *argument)
{
    char *rest;
    int64_t number = strtoll(argument, &rest, 10), thousandths;
    if (what == 'i')
        stet_sf_write_integer(writer, number);
    else if (what == 'D')
        stet_sf_write_date(writer, number);
    else if (stet_sf_round(number, strtoll(rest + 1, NULL, 10), &thousandths))
        stet_sf_write_decimal(writer, thousandths);
    else
        stet_sf_write_decimal(writer, INT64_MAX);
}

static void write_text(struct stet_sf_writer *writer, char what, struct stet_span text)
{
    switch (what) {
    case 'k':
        stet_sf_write_key(writer, text);
        break;
    case 'p':
        stet_sf_write_parameter(writer, text);
        break;
    case 's':
        stet_sf_write_string(writer, text);
        break;
    case 't':
        stet_sf_write_token(writer, text);
        break;
    case 'b':
        stet_sf_write_bytes(writer, text);
        break;
    case 'u':
        stet_sf_write_display(writer, text);
        break;
    default:
        die("no such call");
    }
}

static void write_call(struct stet_sf_writer *writer, char *call)
{
    switch (*call) {
    case '(':
        stet_sf_write_inner(writer);
        break;
    case ')':
        stet_sf_write_inner_end(writer);
        break;
    case 'T':
    case 'F':
        stet_sf_write_boolean(writer, *call == 'T');
        break;
    case 'i':
    case 'd':
    case 'D':
        write_number(writer, *call, call + 1);
        break;
    default:
        write_text(writer, *call, unhex(call + 1));
    }
}

static void write_field(const char *word, char *calls)
{
    size_t room = 4 * strlen(calls) + 64;
    char *to = allocate(room);
    struct stet_sf_writer writer = stet_sf_writer(kind_of(word), to, room);
    for (char *call; (call = strsep(&calls, " "));)
        if (*call)
            write_call(&writer, call);
    struct stet_span canonical = stet_sf_written(&writer);
    printf(canonical.at ? "ok\t" : "fail");
    print_hex(canonical);
    putchar('\n');
    free(to);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
        char *rest = line;
        line[len - (line[len - 1] == '\n')] = 0;
        const char *order = strsep(&rest, "\t");
        const char *kind = strsep(&rest, "\t");
        if (!kind || !rest)
            die("an order has three parts");
        if (!strcmp(order, "read"))
            read_field(kind, rest);
        else if (!strcmp(order, "write"))
            write_field(kind, rest);
        else
            die("no such order");
    }
    free(line);
    return 0;
}
