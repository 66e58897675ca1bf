/* Writes down what is known of the responses stored for one URL, and reads it back.
 *
 *     stet-storage 1
 *     key http://example.org/page
 *     entry NUMBER CREDENTIALS SIZE FIRST LENGTH DIGEST           for each response
 *     times RECEIVED WALL DATE INITIAL-AGE AGE-VALUE LIFETIME
 *     answer METHOD STATUS FLAGS
 *     vary name:value                                             a line of its selection each
 *     head Name: value                                            a field line each
 *     sum DIGEST                                                  SHA-256 of all that is above
 *
 * Absent credentials, flags and digests are "-". The checksum tells damage from what was meant; so
 * the reader is as strict as the writer, and there is one text for one set.
 *
 * Of the verdict on a response only what cannot be found again is kept: when it came, how old it
 * was, that it was invalidated. Lifetime and duties are judged anew from its head, so that no
 * number of a reason or directive ever stands in a file, and another version of the rules reads
 * the same files.
 *
 * Given up: binary. A set is read once for each fetch, and a text can be looked at.
 */
#include "client/storage_set.h"

#include <inttypes.h>

#include <nettle/sha2.h>

#include "base/memory.h"
#include "client/limit.h"
#include "stet/byte.h"
#include "stet/status.h"

static const struct stet_span first_line = STET_SPAN_INIT("stet-storage 1");

/* ---- sets ---- */

void storage_entry_fini(struct storage_entry *entry)
{
    memory_free(entry->selection);
    message_fini(&entry->response);
    *entry = (struct storage_entry){0};
}

void storage_set_fini(struct storage_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        storage_entry_fini(&set->entries[i]);
    memory_free(set->entries);
    *set = (struct storage_set){0};
}

bool storage_set_add(struct storage_set *set, struct storage_entry *entry)
{
    struct storage_entry *grown =
        memory_grow(set->entries, (set->count + 1) * sizeof *set->entries);
    if (!grown)
        return false;
    set->entries = grown;
    set->entries[set->count++] = *entry;
    *entry = (struct storage_entry){0};
    return true;
}

void storage_set_drop(struct storage_set *set, size_t index)
{
    storage_entry_fini(&set->entries[index]);
    set->count--;
    memmove(&set->entries[index], &set->entries[index + 1],
            (set->count - index) * sizeof *set->entries);
}

struct storage_entry *storage_set_number(const struct storage_set *set, uint64_t number)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->entries[i].number == number)
            return &set->entries[i];
    return NULL;
}

void storage_hex_write(const uint8_t *octets, size_t count, char *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        to[2 * i] = digits[octets[i] >> 4];
        to[2 * i + 1] = digits[octets[i] & 15];
    }
}

/* ---- writing ---- */

static bool is_line(struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\n' || text.at[i] == '\r' || text.at[i] == '\0')
            return false;
    return true;
}

static void put_flags(struct text *to, const struct stet_stored *stored)
{
    if (!stored->partial && !stored->marked && !stored->unsecured)
        text_say(to, "-");
    text_say(to, "%s%s%s\n", stored->marked ? "m" : "", stored->partial ? "p" : "",
             stored->unsecured ? "u" : "");
}

static void put_numbers(struct text *to, const struct storage_entry *entry)
{
    const struct stet_stored *stored = &entry->stored;
    const struct stet_times *times = &stored->times;
    char digest[2 * STORAGE_DIGEST_SIZE + 1] = "-";

    if (entry->content_size)
        storage_hex_write(entry->digest, sizeof entry->digest, digest);
    digest[sizeof digest - 1] = '\0';
    text_say(to, "entry %016" PRIx64 " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", entry->number,
             entry->credentials[0] ? entry->credentials : "-", entry->content_size, entry->first,
             entry->length, digest);
    text_say(to, "times %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
             times->received, times->wall, times->date, times->initial_age, times->age_value,
             stored->lifetime);
    const struct stet_span method = stet_method_name(stored->method);
    text_say(to, "answer %.*s %d ", (int)method.len, method.at, stored->status);
    put_flags(to, stored);
}

/* The selection is lines already. */
static void put_selection(struct text *to, const struct storage_entry *entry)
{
    struct stet_span rest = stet_span(entry->selection, entry->selection_size);
    while (rest.len) {
        const size_t size = stet_span_find(rest, '\n');
        text_say(to, "vary ");
        text_put(to, rest.at, size);
        text_say(to, "\n");
        rest = stet_span_from(rest, size + 1);
    }
}

static bool put_head(struct text *to, const struct stet_head *head)
{
    if (head->count > CLIENT_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        if (!stet_span_is_token(field->name) || !is_line(field->value) ||
            field->name.len + field->value.len > CLIENT_FIELD_SIZE_MAX)
            return false;
        text_say(to, "head ");
        text_put(to, field->name.at, field->name.len);
        text_say(to, ": ");
        text_put(to, field->value.at, field->value.len);
        text_say(to, "\n");
    }
    return true;
}

static void put_sum(struct text *to)
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE];

    sha256_init(&sha);
    sha256_update(&sha, to->len, (const uint8_t *)to->at);
    sha256_digest(&sha, sizeof digest, digest);
    storage_hex_write(digest, sizeof digest, hex);
    text_say(to, "sum ");
    text_put(to, hex, sizeof hex);
    text_say(to, "\n");
}

bool storage_set_write(struct stet_span key, const struct storage_set *set, struct text *to)
{
    if (!key.len || key.len > CLIENT_KEY_SIZE_MAX || !is_line(key) ||
        set->count > CLIENT_SET_ENTRIES_MAX)
        return false;
    text_put(to, first_line.at, first_line.len);
    text_say(to, "\nkey ");
    text_put(to, key.at, key.len);
    text_say(to, "\n");
    for (size_t i = 0; i < set->count; i++) {
        put_numbers(to, &set->entries[i]);
        put_selection(to, &set->entries[i]);
        if (!put_head(to, &set->entries[i].response.head))
            return false;
    }
    if (!to->failed)
        put_sum(to);
    return !to->failed && to->len <= CLIENT_SET_SIZE_MAX;
}

bool storage_set_is_large(struct stet_span key, const struct storage_set *set)
{
    struct text text = {0};
    const bool large =
        !storage_set_write(key, set, &text) && !text.failed && text.len > CLIENT_SET_SIZE_MAX;
    text_fini(&text);
    return large;
}

/* ---- reading ---- */

/* Takes the next line, which begins with `word` and a space, and gives the rest of it. False, and
 * nothing taken, if it is another. */
static bool line_take(struct stet_span *rest, struct stet_span word, struct stet_span *line)
{
    const size_t size = stet_span_find(*rest, '\n');
    if (size == rest->len || size <= word.len || !stet_span_starts(*rest, word) ||
        rest->at[word.len] != ' ')
        return false;
    *line = stet_span_from(stet_span(rest->at, size), word.len + 1);
    *rest = stet_span_from(*rest, size + 1);
    return true;
}

/* Takes a word and the space behind it. */
static bool word_take(struct stet_span *line, struct stet_span *word)
{
    *word = stet_span(line->at, stet_span_find(*line, ' '));
    if (!word->len || word->len + 1 == line->len)
        return false;
    *line = stet_span_from(*line, word->len + 1);
    return true;
}

/* A number as it is written: no sign, no zeros before it, and no more than `max`. */
static bool number_take(struct stet_span *line, uint64_t max, uint64_t *value)
{
    struct stet_span word;
    if (!word_take(line, &word) || word.len > 20 || (word.len > 1 && word.at[0] == '0'))
        return false;
    return stet_span_number(word, UINT64_MAX, value) && *value <= max &&
           !(word.len == 20 && *value == UINT64_MAX && word.at[19] != '5');
}

static bool signed_take(struct stet_span *line, int64_t *value)
{
    uint64_t number;
    const bool below = line->len && line->at[0] == '-';
    if (below)
        *line = stet_span_from(*line, 1);
    if (!number_take(line, INT64_MAX, &number) || (below && number == 0))
        return false;
    *value = below ? -(int64_t)number : (int64_t)number;
    return true;
}

static bool seconds_take(struct stet_span *line, uint32_t *value)
{
    uint64_t number;
    if (!number_take(line, STET_SECONDS_MAX, &number))
        return false;
    *value = (uint32_t)number;
    return true;
}

/* `count` octets in hexadecimal digits of lower case. */
static bool hex_read(struct stet_span text, size_t count, uint8_t *to)
{
    if (text.len != 2 * count)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char digit = text.at[i];
        if (!(digit >= '0' && digit <= '9') && !(digit >= 'a' && digit <= 'f'))
            return false;
        const uint8_t value = (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        to[i / 2] = (uint8_t)(i % 2 ? to[i / 2] | value : value << 4);
    }
    return true;
}

static bool hex_take(struct stet_span *line, size_t count, uint8_t *to)
{
    struct stet_span word;
    return word_take(line, &word) && hex_read(word, count, to);
}

static bool credentials_take(struct stet_span *line, struct storage_entry *entry)
{
    struct stet_span word;
    uint8_t octets[STORAGE_CREDENTIALS_SIZE / 2];

    if (!word_take(line, &word))
        return false;
    if (stet_span_equal(word, STET_SPAN("-")))
        return true;
    if (!hex_read(word, sizeof octets, octets))
        return false;
    memcpy(entry->credentials, word.at, word.len);
    return true;
}

static bool entry_line(struct stet_span line, struct storage_entry *entry)
{
    uint8_t octets[8];
    struct stet_span word;

    if (!hex_take(&line, sizeof octets, octets) || !credentials_take(&line, entry) ||
        !number_take(&line, INT64_MAX, &entry->content_size) ||
        !number_take(&line, INT64_MAX, &entry->first) ||
        !number_take(&line, INT64_MAX, &entry->length) || !word_take(&line, &word) || line.len)
        return false;
    for (size_t i = 0; i < sizeof octets; i++)
        entry->number = entry->number << 8 | octets[i];
    if (!entry->number || entry->first > entry->length ||
        entry->content_size > entry->length - entry->first)
        return false;
    return entry->content_size ? hex_read(word, sizeof entry->digest, entry->digest)
                               : stet_span_equal(word, STET_SPAN("-"));
}

static bool times_line(struct stet_span line, struct stet_stored *stored)
{
    struct stet_times *times = &stored->times;
    return signed_take(&line, &times->received) && signed_take(&line, &times->wall) &&
           signed_take(&line, &times->date) && seconds_take(&line, &times->initial_age) &&
           seconds_take(&line, &times->age_value) && seconds_take(&line, &stored->lifetime) &&
           !line.len;
}

static bool flags_read(struct stet_span flags, struct stet_stored *stored)
{
    static const char order[] = "mpu";
    bool *const to[] = {&stored->marked, &stored->partial, &stored->unsecured};
    size_t next = 0;

    if (stet_span_equal(flags, STET_SPAN("-")))
        return true;
    for (size_t i = 0; i < flags.len; i++, next++) {
        while (next < 3 && order[next] != flags.at[i])
            next++;
        if (next == 3)
            return false;
        *to[next] = true;
    }
    return true;
}

static bool answer_line(struct stet_span line, struct stet_stored *stored)
{
    struct stet_span method, flags;
    uint64_t status;

    if (!word_take(&line, &method) || !number_take(&line, 599, &status) || status < 200 ||
        !word_take(&line, &flags) || line.len)
        return false;
    stored->method = stet_method_of(method);
    stored->status = (int)status;
    return stored->method != STET_METHOD_UNKNOWN && flags_read(flags, stored);
}

/* The lines of the selection stand together, as they were. */
static bool selection_lines(struct stet_span *rest, struct storage_entry *entry)
{
    const struct stet_span from = *rest;
    struct stet_span line;
    size_t size = 0;

    while (line_take(rest, STET_SPAN("vary"), &line))
        size += line.len + 1;
    if (!size)
        return true;
    entry->selection = memory_new(size);
    if (!entry->selection)
        return false;
    for (*rest = from; line_take(rest, STET_SPAN("vary"), &line);) {
        memcpy(entry->selection + entry->selection_size, line.at, line.len);
        entry->selection_size += line.len;
        entry->selection[entry->selection_size++] = '\n';
    }
    return true;
}

static bool head_lines(struct stet_span *rest, struct message *to)
{
    struct stet_span line;
    while (line_take(rest, STET_SPAN("head"), &line)) {
        const size_t colon = stet_span_find(line, ':');
        const struct stet_span name = stet_span(line.at, colon);
        const struct stet_span value = stet_span_from(line, colon + 2);
        if (colon + 2 > line.len || line.at[colon + 1] != ' ' || !stet_span_is_token(name) ||
            !is_line(value) || !stet_span_equal(stet_span_trim(value), value) ||
            line.len > CLIENT_FIELD_SIZE_MAX || to->head.count >= CLIENT_FIELDS_MAX ||
            !message_add(to, name, value))
            return false;
    }
    return true;
}

/* Judges it again from its head; what was shortened or marked meanwhile stays so. */
static void entry_judge(struct storage_entry *entry)
{
    const struct stet_profile profile = stet_profile_private();
    const struct stet_stored was = entry->stored;

    stet_stored_renew(&entry->stored, &profile, &entry->response.head, &was.times);
    entry->stored.marked = was.marked;
    if (was.lifetime < entry->stored.lifetime)
        entry->stored.lifetime = was.lifetime;
}

static bool entry_read(struct stet_span *rest, struct storage_entry *entry)
{
    struct stet_span line;

    if (!line_take(rest, STET_SPAN("entry"), &line) || !entry_line(line, entry) ||
        !line_take(rest, STET_SPAN("times"), &line) || !times_line(line, &entry->stored) ||
        !line_take(rest, STET_SPAN("answer"), &line) || !answer_line(line, &entry->stored) ||
        !selection_lines(rest, entry) || !head_lines(rest, &entry->response))
        return false;
    if (!entry->stored.partial && (entry->first || entry->length != entry->content_size))
        return false;
    entry_judge(entry);
    return true;
}

/* The last line is the checksum of those before; takes it off. */
static bool sum_right(struct stet_span *file)
{
    const size_t size = sizeof "sum \n" - 1 + 2 * SHA256_DIGEST_SIZE;
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE], said[SHA256_DIGEST_SIZE];
    struct stet_span last, line;

    if (file->len < size || file->len > CLIENT_SET_SIZE_MAX)
        return false;
    file->len -= size;
    last = stet_span(file->at + file->len, size);
    if (!line_take(&last, STET_SPAN("sum"), &line) || last.len ||
        !hex_read(line, sizeof said, said))
        return false;
    sha256_init(&sha);
    sha256_update(&sha, file->len, (const uint8_t *)file->at);
    sha256_digest(&sha, sizeof digest, digest);
    return memcmp(digest, said, sizeof said) == 0;
}

static bool entries_read(struct stet_span rest, struct storage_set *set)
{
    while (rest.len) {
        struct storage_entry entry = {0};
        if (set->count == CLIENT_SET_ENTRIES_MAX || !entry_read(&rest, &entry) ||
            storage_set_number(set, entry.number) || !storage_set_add(set, &entry)) {
            storage_entry_fini(&entry);
            return false;
        }
    }
    return true;
}

enum storage_loaded storage_set_read(struct stet_span file, struct stet_span *key,
                                     struct storage_set *set)
{
    *set = (struct storage_set){0};
    if (!sum_right(&file) || file.len <= first_line.len || !stet_span_starts(file, first_line) ||
        file.at[first_line.len] != '\n')
        return STORAGE_DAMAGED;
    file = stet_span_from(file, first_line.len + 1);
    if (line_take(&file, STET_SPAN("key"), key) && key->len && key->len <= CLIENT_KEY_SIZE_MAX &&
        is_line(*key) && entries_read(file, set))
        return STORAGE_LOADED;
    storage_set_fini(set);
    return STORAGE_UNREADABLE;
}
