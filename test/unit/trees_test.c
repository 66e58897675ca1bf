/* Trees: which routes share one, and whose memo is where. */
#include "base/memory.h"
#include "io/loop_sim.h"
#include "serve/trees.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct grove {
    char folder[64], memo[96], second[100];
    struct sim_world *world;
    struct loop *loop;
    struct work *work;
    struct config *config;
    struct config_site *site;
    struct trees trees;
    struct grounds *grounds;
};

static struct config_route *grove_add(struct grove *grove, const char *path)
{
    struct config_route *route = config_add_route(grove->config, grove->site, path, CONFIG_FILES);
    assert_non_null(route);
    route->directory = config_text(grove->config, grove->folder);
    route->files = files_options_default();
    route->files.memo_path = config_text(grove->config, grove->memo);
    route->files.mime_types = NULL;
    return route;
}

static void grove_open(struct grove *grove)
{
    char path[100];
    *grove = (struct grove){.folder = "/tmp/trees-XXXXXX", .trees.quiet = true};
    assert_non_null(mkdtemp(grove->folder));
    snprintf(grove->memo, sizeof grove->memo, "%s.memo", grove->folder);
    snprintf(grove->second, sizeof grove->second, "%s.2", grove->memo);
    snprintf(path, sizeof path, "%s/a.txt", grove->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("hello", file);
    fclose(file);
    grove->world = sim_world_new(1);
    sim_world_advance(grove->world, INT64_C(1000000000) * 1000000000);
    grove->loop = sim_world_loop(grove->world);
    grove->work = work_new_sim(grove->loop);
    grove->config = config_new();
    grove->site = config_add_site(grove->config);
    assert_true(config_add_host(grove->config, grove->site, "*"));
}

static bool grove_furnish(struct grove *grove)
{
    const char *directory;
    const struct trees_setup setup = {.loop = grove->loop, .work = grove->work};
    grove->grounds = grounds_new(grove->config);
    return grove->grounds && trees_open(&grove->trees, grove->config, &directory) &&
           trees_furnish(&grove->trees, &setup, grove->grounds);
}

static struct library *grove_library(const struct grove *grove, const char *path)
{
    const struct config_route *route;
    for (size_t i = 0; (route = config_route_at(grove->config, i)); i++)
        if (strcmp(route->path, path) == 0)
            return grove->grounds->libraries[route->number];
    return NULL;
}

static void grove_close(struct grove *grove)
{
    char path[100];
    snprintf(path, sizeof path, "%s/a.txt", grove->folder);
    grounds_unref(grove->grounds);
    work_free(grove->work);
    trees_close(&grove->trees);
    config_unref(grove->config);
    loop_free(grove->loop);
    sim_world_free(grove->world);
    unlink(grove->memo);
    unlink(grove->second);
    unlink(path);
    rmdir(grove->folder);
}

/* Two routes that are alike share a library; a third one with other options has its own, and a memo
 * of its own, though the configuration names the same. */
static void test_one_directory(void **state)
{
    struct grove grove;
    (void)state;
    grove_open(&grove);
    grove_add(&grove, "/");
    grove_add(&grove, "/a/");
    grove_add(&grove, "/b/")->files.cors = "*";
    assert_true(config_seal(grove.config));
    assert_true(grove_furnish(&grove));
    struct library *one = grove_library(&grove, "/"), *other = grove_library(&grove, "/b/");
    assert_non_null(one);
    assert_ptr_equal(one, grove_library(&grove, "/a/"));
    assert_ptr_not_equal(one, other);
    trees_walk(&grove.trees, grove.loop, false);
    sim_world_run_until_idle(grove.world);
    trees_rest(&grove.trees);
    assert_true(library_save(one));
    assert_true(library_save(other));
    assert_int_equal(access(grove.memo, R_OK), 0);
    assert_int_equal(access(grove.second, R_OK), 0);
    grove_close(&grove);
}

static void test_no_memo(void **state)
{
    struct grove grove;
    (void)state;
    grove_open(&grove);
    grove_add(&grove, "/")->files.memo_path = NULL;
    assert_true(config_seal(grove.config));
    assert_true(grove_furnish(&grove));
    trees_walk(&grove.trees, grove.loop, false);
    sim_world_run_until_idle(grove.world);
    trees_rest(&grove.trees);
    grove_close(&grove);
}

static void test_no_directory(void **state)
{
    struct grove grove;
    const char *directory = NULL;
    (void)state;
    grove_open(&grove);
    struct config_route *route = grove_add(&grove, "/");
    route->directory = config_text(grove.config, "/nowhere/at/all");
    assert_true(config_seal(grove.config));
    assert_false(trees_open(&grove.trees, grove.config, &directory));
    assert_string_equal(directory, "/nowhere/at/all");
    grove_close(&grove);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 12; nth++) {
        struct grove grove;
        grove_open(&grove);
        grove_add(&grove, "/");
        grove_add(&grove, "/b/")->files.cors = "*";
        assert_true(config_seal(grove.config));
        memory_fail_nth(nth);
        (void)grove_furnish(&grove);
        memory_fail_nth(0);
        grove_close(&grove);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_directory),
        cmocka_unit_test(test_no_memo),
        cmocka_unit_test(test_no_directory),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("trees", tests, NULL, NULL);
}
