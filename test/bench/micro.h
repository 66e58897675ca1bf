/* What the microbenchmark's driver and its cases share. */
#ifndef TEST_BENCH_MICRO_H
#define TEST_BENCH_MICRO_H

#include "stet/stet.h"

/* Does its work `times` times. Returns how many octets one time reads or writes; 0 for a verdict,
 * which has a cost but no rate. */
typedef size_t micro_run(uint64_t times);

#define MICRO(identifier, words) micro_run micro_##identifier;
#include "micro.tbl"
#undef MICRO

/* Results go here, every part of them, and inputs come through volatile pointers, so that no
 * compiler thinks a call or half of it away. */
extern volatile uint64_t micro_sink;

/* The head of a browser's request, 12 lines, and what a case adds to it: "Name: value" lines
 * divided by line feeds. Valid until the next call. */
struct stet_request *micro_request(const char *lines);

/* The head of a response, the same way, from nothing. */
struct stet_head *micro_head(const char *lines);

#endif
