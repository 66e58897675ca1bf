/* The library as a whole: its version. */
#include "table.h"

#include "stet/stet.h"

/* The header, the library and the build agree. */
static void versions_agree(void **state)
{
    (void)state;
    assert_string_equal(stet_version(), STET_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(versions_agree)};
    return cmocka_run_group_tests_name("stet", tests, NULL, NULL);
}
