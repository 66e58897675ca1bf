/* The log file: whole lines in their order, what is lost is counted and said, and the end comes
 * whatever the disk or the reader does. */
#include "io/logfile.h"

#include "base/memory.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char directory[64], path[80], moved[80];
    char text[65536];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->directory, "/tmp/logfile-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof place->path, "%s/log", place->directory);
    snprintf(place->moved, sizeof place->moved, "%s/log.1", place->directory);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    unlink(place->moved);
    assert_int_equal(rmdir(place->directory), 0);
    free(place);
    return 0;
}

static const char *contents(struct place *place, const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(place->text, 1, sizeof place->text - 1, file);
    place->text[size] = '\0';
    fclose(file);
    return place->text;
}

static void say(struct logfile *log, const char *text)
{
    logfile_write(log, text, strlen(text));
}

/* Waits until the writer has dealt with what it was given. */
static void wait_for(struct place *place, const char *path, const char *text)
{
    for (int i = 0; i < 500; i++) {
        if (access(path, R_OK) == 0 && strstr(contents(place, path), text))
            return;
        poll(NULL, 0, 10);
    }
    fail_msg("\"%s\" does not come", text);
}

static void lines_are_written_in_order(void **state)
{
    struct place *place = *state;
    struct logfile *log = logfile_open(place->path);
    assert_non_null(log);
    say(log, "one\n");
    say(log, "two\n");
    assert_int_equal(logfile_dropped(log), 0);
    logfile_close(log);
    assert_string_equal(contents(place, place->path), "one\ntwo\n");
    log = logfile_open(place->path);
    say(log, "three\n");
    logfile_close(log);
    assert_string_equal(contents(place, place->path), "one\ntwo\nthree\n");
}

static void a_log_that_cannot_be_opened_says_why(void **state)
{
    (void)state;
    assert_null(logfile_open("/nowhere/at/all"));
    assert_int_equal(errno, ENOENT);
    for (uint64_t nth = 1; nth <= 4; nth++) {
        memory_fail_nth(nth);
        assert_null(logfile_open("/dev/null"));
        assert_int_equal(errno, nth == 1 ? errno : ENOMEM);
        memory_fail_nth(0);
    }
    logfile_close(NULL);
}

static void a_moved_file_is_opened_anew(void **state)
{
    struct place *place = *state;
    struct logfile *log = logfile_open(place->path);
    say(log, "one\n");
    wait_for(place, place->path, "one\n");
    assert_int_equal(rename(place->path, place->moved), 0);
    say(log, "two\n");
    wait_for(place, place->moved, "two\n");
    logfile_reopen(log);
    say(log, "three\n");
    logfile_close(log);
    assert_string_equal(contents(place, place->moved), "one\ntwo\n");
    assert_string_equal(contents(place, place->path), "three\n");
}

/* ... and if that fails the old one goes on. */
static void a_file_that_cannot_be_opened_anew_goes_on(void **state)
{
    struct place *place = *state;
    struct logfile *log = logfile_open(place->path);
    assert_int_equal(rename(place->path, place->moved), 0);
    assert_int_equal(mkdir(place->path, 0700), 0);
    logfile_reopen(log);
    say(log, "one\n");
    logfile_close(log);
    assert_int_equal(rmdir(place->path), 0);
    assert_string_equal(contents(place, place->moved), "one\n");
}

/* The disk is full, and has space again. */
static void what_is_lost_is_said(void **state)
{
    struct place *place = *state;
    assert_int_equal(symlink("/dev/full", place->path), 0);
    struct logfile *log = logfile_open(place->path);
    assert_non_null(log);
    say(log, "one\n");
    for (int i = 0; i < 500 && logfile_dropped(log) < 4; i++)
        poll(NULL, 0, 10);
    assert_int_equal(logfile_dropped(log), 4);
    unlink(place->path);
    logfile_reopen(log);
    say(log, "two\n");
    logfile_close(log);
    assert_string_equal(contents(place, place->path), "# 4 octets of log were lost here\ntwo\n");
}

/* A line of which only a part went ends before the next one begins. */
static void a_torn_line_is_ended(void **state)
{
    struct place *place = *state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct logfile *log = logfile_open(place->path);
    small = before;
    small.rlim_cur = 5;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    say(log, "one\ntwo\n");
    for (int i = 0; i < 500 && logfile_dropped(log) == 0; i++)
        poll(NULL, 0, 10);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(logfile_dropped(log), 3);
    say(log, "three\n");
    logfile_close(log);
    assert_string_equal(contents(place, place->path),
                        "one\nt\n# 3 octets of log were lost here\nthree\n");
}

/* A pipe whose reader has fallen asleep: nobody waits for it, not even the end. */
static void a_reader_asleep_costs_lines_only(void **state)
{
    struct place *place = *state;
    static char line[1 << 20];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    assert_int_equal(mkfifo(place->path, 0600), 0);
    int reader = open(place->path, O_RDWR);
    assert_true(reader >= 0);
    struct logfile *log = logfile_open(place->path);
    for (int i = 0; i < 12; i++)
        logfile_write(log, line, sizeof line);
    assert_true(logfile_dropped(log) > 0);
    logfile_close(log);
    close(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_written_in_order),
        TEST(a_log_that_cannot_be_opened_says_why),
        TEST(a_moved_file_is_opened_anew),
        TEST(a_file_that_cannot_be_opened_anew_goes_on),
        TEST(what_is_lost_is_said),
        TEST(a_torn_line_is_ended),
        TEST(a_reader_asleep_costs_lines_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
