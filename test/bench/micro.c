/* Measures what one verdict costs and how fast each parser reads, in the CPU time of this thread.
 *
 * Each case is first calibrated to a few milliseconds. Then the rounds are interleaved: every
 * round runs every case once, so that a neighbour's burst of work falls on all of them; a case's
 * figure is the median of its rounds. Figures of one machine and one minute compare with each
 * other, not with others: for regressions count instructions instead, e.g.
 *
 *     valgrind --tool=callgrind micro --only 'If-None-Match, hit' --times 10000
 */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 99
#define ROUND_NS 4000000.0
#define LINES_MAX 32

volatile uint64_t micro_sink;

struct micro {
    const char *name;
    micro_run *run;
    size_t octets;
    uint64_t times;
    double ns[ROUNDS_MAX]; /* of one time, in each round */
};

static struct micro cases[] = {
#define MICRO(identifier, words) {.name = words, .run = micro_##identifier},
#include "micro.tbl"
#undef MICRO
};

enum { CASES = sizeof cases / sizeof *cases };

static struct {
    unsigned rounds;
    uint64_t times; /* 0: calibrate */
    const char *only;
    bool json;
} options = {.rounds = 11, .only = ""};

static bool chosen(const struct micro *micro)
{
    return strstr(micro->name, options.only);
}

/* Runs a case; gives nanoseconds in all. */
static double measure(struct micro *micro)
{
    struct timespec from, to;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    micro->octets = micro->run(micro->times);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
}

static void calibrate(struct micro *micro)
{
    double ns = 0;

    micro->times = options.times ? options.times : 64;
    while (!options.times && (ns = measure(micro)) < ROUND_NS / 8)
        micro->times *= 2;
    if (!options.times)
        micro->times = (uint64_t)((double)micro->times * ROUND_NS / ns) + 1;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void run_all(void)
{
    for (size_t i = 0; i < CASES; i++)
        if (chosen(&cases[i]))
            calibrate(&cases[i]);
    for (unsigned round = 0; round < options.rounds; round++)
        for (size_t i = 0; i < CASES; i++)
            if (chosen(&cases[i]))
                cases[i].ns[round] = measure(&cases[i]) / (double)cases[i].times;
    for (size_t i = 0; i < CASES; i++)
        qsort(cases[i].ns, options.rounds, sizeof cases[i].ns[0], compare);
}

static void print_table(void)
{
    printf("%-42s %10s %10s %8s\n", "", "median ns", "least ns", "GB/s");
    for (size_t i = 0; i < CASES; i++) {
        double median = cases[i].ns[options.rounds / 2];
        if (!chosen(&cases[i]))
            continue;
        printf("%-42s %10.1f %10.1f", cases[i].name, median, cases[i].ns[0]);
        if (cases[i].octets)
            printf(" %8.2f", (double)cases[i].octets / median);
        putchar('\n');
    }
}

static void print_json(void)
{
    const char *comma = "";

    printf("{\"rounds\": %u, \"cases\": [", options.rounds);
    for (size_t i = 0; i < CASES; i++) {
        double median = cases[i].ns[options.rounds / 2];
        if (!chosen(&cases[i]))
            continue;
        printf("%s\n  {\"name\": \"%s\", \"ns\": %.2f, \"least_ns\": %.2f, \"octets\": %zu}", comma,
               cases[i].name, median, cases[i].ns[0], cases[i].octets);
        comma = ",";
    }
    printf("\n]}\n");
}

static int usage(int status)
{
    fputs("usage: micro [--rounds N] [--only TEXT] [--times N] [--json]\n"
          "\n"
          "  --rounds N   1 to 99 rounds, 11 if not said\n"
          "  --only TEXT  the cases whose name has TEXT in it\n"
          "  --times N    N calls a round instead of a calibrated number\n"
          "  --json       print JSON\n",
          status ? stderr : stdout);
    return status;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *to)
{
    return text && stet_span_number(stet_span_of(text), UINT64_MAX, to) && *to >= least &&
           *to <= most;
}

/* Reads one option; returns how many arguments it took, 0 if it is none. */
static int option_read(char *const *arguments)
{
    uint64_t value = 0;

    if (!strcmp(arguments[0], "--json")) {
        options.json = true;
        return 1;
    }
    if (!strcmp(arguments[0], "--only") && arguments[1]) {
        options.only = arguments[1];
        return 2;
    }
    if (!strcmp(arguments[0], "--rounds") && number(arguments[1], 1, ROUNDS_MAX, &value)) {
        options.rounds = (unsigned)value;
        return 2;
    }
    if (!strcmp(arguments[0], "--times") && number(arguments[1], 1, UINT32_MAX, &options.times))
        return 2;
    return 0;
}

int main(int count, char **arguments)
{
    int taken = 0;

    for (int at = 1; at < count; at += taken) {
        if (!strcmp(arguments[at], "--help"))
            return usage(0);
        if (!(taken = option_read(arguments + at)))
            return usage(2);
    }
    run_all();
    if (options.json)
        print_json();
    else
        print_table();
    return 0;
}

static const char browser[] =
    "Host: www.example.org\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\n"
    "Accept-Language: en-GB,en;q=0.5\n"
    "Accept-Encoding: gzip, deflate, br, zstd\n"
    "Referer: https://www.example.org/\n"
    "Connection: keep-alive\n"
    "Cookie: session=5f2b7c0e9a\n"
    "Upgrade-Insecure-Requests: 1\n"
    "Sec-Fetch-Dest: document\n"
    "Sec-Fetch-Mode: navigate\n"
    "Sec-Fetch-Site: same-origin\n";

static void lines_add(struct stet_head *head, struct stet_field *storage, const char *lines)
{
    while (*lines) {
        size_t name = strcspn(lines, ":"), line = strcspn(lines, "\n");
        if (head->count == LINES_MAX || name > line)
            abort();
        stet_head_add(head, storage, stet_span(lines, name),
                      stet_span(lines + name + 1, line - name - 1));
        lines += line + (lines[line] == '\n');
    }
}

struct stet_head *micro_head(const char *lines)
{
    static struct stet_field storage[LINES_MAX];
    static struct stet_head head;

    head = (struct stet_head){.fields = storage};
    lines_add(&head, storage, lines);
    return &head;
}

struct stet_request *micro_request(const char *lines)
{
    static struct stet_field storage[LINES_MAX];
    static struct stet_request request;

    request = (struct stet_request){
        .method = STET_METHOD_GET,
        .method_name = STET_SPAN("GET"),
        .scheme = STET_SPAN("http"),
        .authority = STET_SPAN("www.example.org"),
        .path = STET_SPAN("/articles/2026/11/what-has-changed.html"),
        .query = STET_SPAN("page=2&sort=date"),
        .head = {.fields = storage},
    };
    lines_add(&request.head, storage, browser);
    lines_add(&request.head, storage, lines);
    return &request;
}
