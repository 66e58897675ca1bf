/* Command lines: what is taken, what is refused, and in which words. */
#include "cli/options.h"

#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct taken {
    char text[128]; /* "name=value " for each option */
};

static const char *take(void *target, const char *name, const char *value)
{
    struct taken *taken = target;
    size_t used = strlen(taken->text);
    snprintf(taken->text + used, sizeof taken->text - used, "%s=%s ", name, value ? value : "");
    return NULL;
}

static const char *take_size(void *target, const char *value)
{
    if (strcmp(value, "bad") == 0)
        return "expected a size";
    return take(target, "size", value);
}

static const char *take_name(void *target, const char *value)
{
    return take(target, "name", value);
}

static const char *take_quiet(void *target, const char *value)
{
    return take(target, "quiet", value);
}

static const char *take_quick(void *target, const char *value)
{
    return take(target, "quick", value);
}

static const struct option_row rows_of_test[] = {
    {"size", 's', "SIZE", "how large", take_size},
    {"name", 0, "NAME", "what it is called,\nat length", take_name},
    {"quiet", 'q', NULL, "say nothing", take_quiet},
    {"quick", 0, NULL, "be quick", take_quick},
    {NULL, 0, NULL, NULL, NULL},
};

static const struct command command = {.name = "test",
                                       .usage = "[OPTION]... [DIR]",
                                       .summary = "Test.",
                                       .details = "More.\n",
                                       .options = rows_of_test};

/* What `body` writes to a stream of the process. */
static const char *caught(FILE *stream, void (*body)(void *), void *argument)
{
    static char text[4096];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stream);
    int kept = dup(fileno(stream));
    assert_true(kept >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
    body(argument);
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    close(kept);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

struct row {
    const char *id;
    const char *name; /* the command line, words parted by spaces */
    int want;         /* what comes back */
    const char *taken;
    const char *operands;
    const char *said; /* the first line, after "stet test: " */
};

static const struct row rows[] = {
    {"taken", "", OPTIONS_GO_ON, "", "", ""},
    {"taken", "a b", OPTIONS_GO_ON, "", "a b ", ""},
    {"taken", "--size 5 dir", OPTIONS_GO_ON, "size=5 ", "dir ", ""},
    {"taken", "--size=5 dir", OPTIONS_GO_ON, "size=5 ", "dir ", ""},
    {"taken", "-s 5 -s6", OPTIONS_GO_ON, "size=5 size=6 ", "", ""},
    {"taken", "-qs5 --quick", OPTIONS_GO_ON, "quiet= size=5 quick= ", "", ""},
    {"taken", "dir -q", OPTIONS_GO_ON, "quiet= ", "dir ", ""},
    {"taken", "-q -- -s", OPTIONS_GO_ON, "quiet= ", "-s ", ""},
    {"taken", "--name --size", OPTIONS_GO_ON, "name=--size ", "", ""},
    {"taken", "--na x", OPTIONS_GO_ON, "name=x ", "", ""},
    {"refused", "--nothing", 2, "", "", "unknown option: --nothing"},
    {"refused", "-x", 2, "", "", "unknown option: -x"},
    {"refused", "-xq", 2, "", "", "unknown option: -x"},
    {"refused", "-qx", 2, "quiet= ", "", "unknown option: -x"},
    {"refused", "-q --quie=1", 2, "quiet= ", "", "takes no argument: --quie=1"},
    {"refused", "--qu", 2, "", "", "unknown option: --qu"},
    {"refused", "--size", 2, "", "", "missing argument: --size"},
    {"refused", "-q -s", 2, "quiet= ", "", "missing argument: -s"},
    {"refused", "--size bad", 2, "", "", "--size bad: expected a size"},
    {"refused", "-sbad", 2, "", "", "--size bad: expected a size"},
};

struct use {
    char words[128];
    char *argv[10];
    int argc, operand, result;
    struct taken taken;
};

static void parse(void *argument)
{
    struct use *use = argument;
    use->result = options_parse(&command, use->argc, use->argv, &use->taken, &use->operand);
}

static void use_init(struct use *use, const char *line)
{
    *use = (struct use){.argc = 1};
    use->argv[0] = use->words + sizeof use->words - 5;
    strcpy(use->argv[0], "test");
    strcpy(use->words, line);
    for (char *rest = use->words, *word; (word = strtok_r(rest, " ", &rest));)
        use->argv[use->argc++] = word;
}

static void check_use(const struct row *row)
{
    struct use use;
    char want[128] = "", operands[64] = "";
    use_init(&use, row->name);
    const char *said = caught(stderr, parse, &use);
    if (*row->said)
        snprintf(want, sizeof want, "stet test: %s\nTry 'stet test --help'.\n", row->said);
    check_row(row, strcmp(said, want) == 0);
    check_row(row, use.result == row->want);
    check_row(row, strcmp(use.taken.text, row->taken) == 0);
    for (int i = use.operand; row->want == OPTIONS_GO_ON && i < use.argc; i++) {
        strcat(operands, use.argv[i]);
        strcat(operands, " ");
    }
    check_row(row, strcmp(operands, row->operands) == 0);
}

static void command_lines_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_use(&rows[i]);
}

static void help_shows_every_option(void **state)
{
    static const char want[] = "Usage: stet test [OPTION]... [DIR]\n"
                               "Test.\n\n"
                               "Options:\n"
                               "  -s, --size SIZE                    how large\n"
                               "      --name NAME                    what it is called,\n"
                               "                                     at length\n"
                               "  -q, --quiet                        say nothing\n"
                               "      --quick                        be quick\n"
                               "  -h, --help                         print this and end\n"
                               "\nMore.\n";
    static const char *const asks[] = {"--help", "-h", "-qh", "--size 5 --help --nothing"};
    (void)state;
    for (size_t i = 0; i < COUNT(asks); i++) {
        struct use use;
        use_init(&use, asks[i]);
        assert_string_equal(caught(stdout, parse, &use), want);
        assert_int_equal(use.result, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines_are_read),
        cmocka_unit_test(help_shows_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
