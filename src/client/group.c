/* Groups: their description, and members held against what an index says of them.
 *
 * Given up: signatures. Whoever needs to know that an index is true checks it by its own means, on
 * the files that fit together.
 */
#include "client/group.h"

#include "base/memory.h"
#include "client/limit.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUP_WORDS = 5, GROUP_PATH = 4096 };

/* ---- lines ---- */

/* The next line, without its end. */
static bool group_line(struct stet_span *text, struct stet_span *line)
{
    if (text->len == 0)
        return false;
    const size_t end = stet_span_find(*text, '\n');
    *line = stet_span(text->at, end);
    *text = stet_span_from(*text, end + 1);
    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* The next word of a line; empty at its end. */
static struct stet_span group_word(struct stet_span *line)
{
    *line = stet_span_trim(*line);
    size_t len = 0;
    while (len < line->len && line->at[len] != ' ' && line->at[len] != '\t')
        len++;
    const struct stet_span word = {line->at, len};
    *line = stet_span_from(*line, len);
    return word;
}

/* All words of a line; one more than fit means too many. */
static size_t group_words(struct stet_span line, struct stet_span *words)
{
    size_t count = 0;

    line = stet_span(line.at, stet_span_find(line, '#') == 0 ? 0 : line.len);
    for (struct stet_span word; (word = group_word(&line)).len > 0; count++) {
        if (word.at[0] == '#' || count > GROUP_WORDS)
            break;
        if (count < GROUP_WORDS)
            words[count] = word;
    }
    return count;
}

/* ---- the description ---- */

static char *group_copy(struct stet_span text)
{
    char *copy = memory_new(text.len + 1);

    if (copy) {
        memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

/* A path that stays below its folder. */
static bool group_file_stays(struct stet_span file)
{
    while (file.len) {
        const size_t end = stet_span_find(file, '/');
        const struct stet_span piece = {file.at, end};
        if (end == 0 || stet_span_equal(piece, STET_SPAN(".")) ||
            stet_span_equal(piece, STET_SPAN("..")) || end + 1 == file.len)
            return false;
        file = stet_span_from(file, end + 1);
    }
    return true;
}

static size_t group_find(const struct group *group, struct stet_span file)
{
    size_t i = 0;

    while (i < group->count && !stet_span_equal(stet_span_of(group->members[i].file), file))
        i++;
    return i;
}

/* NULL, or what is wrong. */
static const char *group_add(struct group *group, const struct stet_span *words, size_t count)
{
    struct group_member member = {.index = SIZE_MAX};

    for (size_t i = 0; i < count && i < GROUP_WORDS; i++)
        if (stet_span_find(words[i], '\0') < words[i].len)
            return "there is an octet of value zero";
    if (count != 2 && count != 5)
        return "expected URL FILE, or URL FILE in INDEX NAME";
    if (count == 5 && !stet_span_equal(words[2], STET_SPAN("in")))
        return "expected \"in\" behind the file";
    if (!group_file_stays(words[1]))
        return "the file is to be a relative path without \".\" and \"..\"";
    if (group_find(group, words[1]) < group->count)
        return "two members go to this file";
    if (group->count == CLIENT_GROUP_MEMBERS_MAX)
        return "there are too many members";
    if (count == 5 && (member.index = group_find(group, words[3])) == group->count)
        return "no line above this one has this index as its file";
    member.url = group_copy(words[0]);
    member.file = group_copy(words[1]);
    member.name = count == 5 ? group_copy(words[4]) : NULL;
    group->members[group->count++] = member;
    return member.url && member.file && (count == 2 || member.name) ? NULL : "out of memory";
}

bool group_read(struct group *group, struct stet_span text, char *words, size_t room)
{
    const char *wrong = NULL;
    struct stet_span line, at[GROUP_WORDS];
    unsigned number = 0;

    *group = (struct group){.members =
                                memory_new_zero(CLIENT_GROUP_MEMBERS_MAX * sizeof *group->members)};
    if (!group->members)
        wrong = "out of memory";
    while (!wrong && group_line(&text, &line)) {
        const size_t count = group_words(line, at);
        number++;
        if (count)
            wrong = group_add(group, at, count);
    }
    if (wrong)
        snprintf(words, room, "line %u: %s", number, wrong);
    else if (!group->count)
        snprintf(words, room, "there are no members in it");
    return !wrong && group->count > 0;
}

void group_fini(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        memory_free(group->members[i].url);
        memory_free(group->members[i].file);
        memory_free(group->members[i].name);
    }
    memory_free(group->members);
    *group = (struct group){0};
}

bool group_asks_again(const struct group *group)
{
    size_t plain = 0;

    for (size_t i = 0; i < group->count; i++)
        plain += group->members[i].name == NULL;
    return plain > 1;
}

/* ---- indexes ---- */

static int group_digit(char octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    const char low = (char)stet_byte_lower((unsigned char)octet);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static bool group_digest(struct stet_span text, uint8_t to[32])
{
    if (text.len != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        const int high = group_digit(text.at[2 * i]), low = group_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* " DIGEST SIZE NAME" of this name. */
static bool group_listing(struct stet_span line, struct stet_span name, struct group_listed *to)
{
    const struct stet_span digest = group_word(&line), size = group_word(&line);

    return stet_span_equal(stet_span_trim(line), name) && group_digest(digest, to->digest) &&
           stet_span_number(size, UINT64_MAX, &to->size);
}

bool group_listed(struct stet_span index, struct stet_span name, struct group_listed *to)
{
    struct group_listed found;
    struct stet_span line;
    bool inside = false, have = false;

    while (group_line(&index, &line)) {
        const bool indented = line.len && (line.at[0] == ' ' || line.at[0] == '\t');
        if (!indented)
            inside = stet_span_equal_nocase(stet_span_trim(line), STET_SPAN("SHA256:"));
        if (!indented || !inside || !group_listing(line, name, &found))
            continue;
        if (have && (found.size != to->size || memcmp(found.digest, to->digest, 32) != 0))
            return false;
        *to = found;
        have = true;
    }
    return have;
}

/* ---- files ---- */

static int group_open(const char *folder, const char *file)
{
    char path[GROUP_PATH];

    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        return -1;
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool group_measure(int fd, struct group_listed *to)
{
    struct sha256_ctx sha;
    uint8_t piece[65536];
    ssize_t got;

    sha256_init(&sha);
    to->size = 0;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        sha256_update(&sha, (size_t)got, piece);
        to->size += (uint64_t)got;
    }
    sha256_digest(&sha, sizeof to->digest, to->digest);
    return got == 0;
}

/* An index, whole; for memory_free. */
static char *group_load(const char *folder, const char *file, size_t *len)
{
    const int fd = group_open(folder, file);
    struct stat status;
    char *text = NULL;
    ssize_t got = -1;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && status.st_size <= CLIENT_INDEX_FILE_MAX &&
        (text = memory_new((size_t)status.st_size + 1)) != NULL)
        got = read(fd, text, (size_t)status.st_size);
    close(fd);
    *len = got < 0 ? 0 : (size_t)got;
    if (got >= 0 && got == status.st_size)
        return text;
    memory_free(text);
    return NULL;
}

/* NULL, or what does not fit. */
static const char *group_check(const struct group_member *member, const char *folder,
                               struct stet_span index)
{
    struct group_listed listed, real = {0};

    if (!group_listed(index, stet_span_of(member->name), &listed))
        return "is not in the index";
    const int fd = group_open(folder, member->file);
    const bool read = fd >= 0 && group_measure(fd, &real);
    if (fd >= 0)
        close(fd);
    if (!read)
        return "cannot be read";
    if (real.size != listed.size)
        return "has another size than the index says";
    return memcmp(real.digest, listed.digest, 32) == 0 ? NULL
                                                       : "has another SHA-256 than the index says";
}

bool group_fits(const struct group *group, const char *folder, char *words, size_t room)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct group_member *member = &group->members[i];
        size_t len = 0;
        if (!member->name)
            continue;
        char *index = group_load(folder, group->members[member->index].file, &len);
        const char *wrong =
            index ? group_check(member, folder, stet_span(index, len)) : "has no index";
        memory_free(index);
        if (wrong) {
            snprintf(words, room, "%s %s", member->file, wrong);
            return false;
        }
    }
    return true;
}
