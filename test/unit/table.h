/* What the table tests share: cmocka in its right order, and a check that names its row. */
#ifndef TEST_UNIT_TABLE_H
#define TEST_UNIT_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fails the test with the row's id and name unless `condition` holds. */
#define check_row(row, condition)                                        \
    do {                                                                 \
        if (!(condition))                                                \
            fail_msg("%s (%s): %s", (row)->id, (row)->name, #condition); \
    } while (0)

/* The span of a literal, as an initialiser. */
#define S(literal) STET_SPAN_INIT(literal)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
