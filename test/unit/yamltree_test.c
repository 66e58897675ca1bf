/* YAML as a tree of texts: what is in it, where it stands, and what is refused. */
#include "serve/yamltree.h"

#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes a tree as it is: [list] {key=value} "quoted" plain !broken, each with @line:column. */
static void write_node(const struct yamlnode *node, char *to, size_t room)
{
    size_t used = strlen(to);
    char open = 0, close = 0;

    if (node->key) {
        write_node(node->key, to, room);
        used = strlen(to);
        used += (size_t)snprintf(to + used, room - used, "=");
    }
    if (node->kind == YAMLNODE_LIST || node->kind == YAMLNODE_MAPPING) {
        open = node->kind == YAMLNODE_LIST ? '[' : '{';
        close = node->kind == YAMLNODE_LIST ? ']' : '}';
        used += (size_t)snprintf(to + used, room - used, "%c", open);
    } else if (node->kind == YAMLNODE_BROKEN) {
        used += (size_t)snprintf(to + used, room - used, "!");
    } else {
        used +=
            (size_t)snprintf(to + used, room - used, node->plain ? "%s" : "\"%s\"", node->text.at);
    }
    used += (size_t)snprintf(to + used, room - used, "@%u:%u ", node->line, node->column);
    if (!open || node->kind == YAMLNODE_BROKEN)
        return;
    for (const struct yamlnode *each = node->first; each; each = each->next)
        write_node(each, to, room);
    used = strlen(to);
    snprintf(to + used, room - used, "%c ", close);
}

static void write_errors(const struct config_errors *errors, char *to, size_t room)
{
    for (size_t i = 0; i < errors->count; i++) {
        const size_t used = strlen(to);
        snprintf(to + used, room - used, "%u:%u: %s\n", errors->at[i].line, errors->at[i].column,
                 errors->at[i].text);
    }
}

struct row {
    const char *id;
    const char *name;
    const char *text;
    const char *want; /* the tree, or NULL: there is none */
    const char *errors;
};

static const struct row rows[] = {
    {"tree", "nothing", "", NULL, ""},
    {"tree", "a comment", "# nothing\n", NULL, ""},
    {"tree", "a text", "a b", "a b@1:1 ", ""},
    {"tree", "a mapping", "a: b\nc: d\n", "{@1:1 a@1:1 =b@1:4 c@2:1 =d@2:4 } ", ""},
    {"tree", "a list", "- a\n-  b\n", "[@1:1 a@1:3 b@2:4 ] ", ""},
    {"tree", "in each other", "a:\n  - b: c\n    d:\n", //
     "{@1:1 a@1:1 =[@2:3 {@2:5 b@2:5 =c@2:8 d@3:5 =@3:7 } ] } ", ""},
    {"tree", "flow", "{a: [b, 'c'], d: \"e\\x41\"}",
     "{@1:1 a@1:2 =[@1:5 b@1:6 \"c\"@1:9 ] d@1:15 =\"eA\"@1:18 } ", ""},
    {"types", "what YAML 1.1 takes for booleans and numbers",
     "[no, yes, on, off, 1.0, 010, 0x1f, ~, null, 1_0, 12:30:00, 2001-01-01]",
     "[@1:1 no@1:2 yes@1:6 on@1:11 off@1:15 1.0@1:20 010@1:25 0x1f@1:30 ~@1:36 null@1:39 1_0@1:45 "
     "12:30:00@1:50 2001-01-01@1:60 ] ",
     ""},
    {"places", "columns are characters, not octets", "\xc3\xa9\xe2\x82\xac: b",
     "{@1:1 \xc3\xa9\xe2\x82\xac@1:1 =b@1:5 } ", ""},
    {"places", "a byte order mark",
     "\xef\xbb\xbf"
     "a: b",
     "{@1:1 a@1:1 =b@1:4 } ", ""},
    {"places", "lines that end in CR LF", "a: b\r\nc: d\r\n", "{@1:1 a@1:1 =b@1:4 c@2:1 =d@2:4 } ",
     ""},
    {"places", "texts of several lines", "a: |\n  x\n  y\nb: c\n",
     "{@1:1 a@1:1 =\"x\ny\n\"@1:4 b@4:1 =c@4:4 } ", ""},
    {"marks", "a document with its marks", "%YAML 1.1\n---\na: b\n...\n", "{@3:1 a@3:1 =b@3:4 } ",
     ""},
    {"marks", "a second document", "a: b\n---\nc: d\n", "{@1:1 a@1:1 =b@1:4 } ",
     "2:1: a second document: one file holds one\n"},
    {"twice", "a key", "a: 1\nb: 2\na: 3\n", "{@1:1 a@1:1 =1@1:4 b@2:1 =2@2:4 a@3:1 =!@3:4 } ",
     "3:1: key \"a\" twice; the first one is in line 1\n"},
    {"twice", "written differently, more than once", "{a: 1, 'a': 2, \"\\x61\": 3}",
     "{@1:1 a@1:2 =1@1:5 \"a\"@1:8 =!@1:13 \"a\"@1:16 =!@1:24 } ",
     "1:8: key \"a\" twice; the first one is in line 1\n"
     "1:16: key \"a\" twice; the first one is in line 1\n"},
    {"twice", "in different mappings is no fault", "a: {b: 1}\nc: {b: 1}\n",
     "{@1:1 a@1:1 ={@1:4 b@1:5 =1@1:8 } c@2:1 ={@2:4 b@2:5 =1@2:8 } } ", ""},
    {"tags", "of all kinds", "a: !!str 1\nb: !x [c]\nd: !!map {}\n",
     "{@1:1 a@1:1 =1@1:4 b@2:1 =[@2:4 c@2:8 ] d@3:1 ={@3:4 } } ",
     "1:4: tag \"!!str\": none is needed, each key knows the type of its value\n"
     "2:4: tag \"!x\": none is needed, each key knows the type of its value\n"
     "3:4: tag \"!!map\": none is needed, each key knows the type of its value\n"},
    {"aliases", "stand for a tree, at their own place", "a: &x [b, c]\nd: *x\n",
     "{@1:1 a@1:1 =[@1:4 b@1:8 c@1:11 ] d@2:1 =[@2:4 b@1:8 c@1:11 ] } ", ""},
    {"aliases", "of texts and as keys", "a: &x b\n*x : *x\n", "{@1:1 a@1:1 =b@1:4 b@2:1 =b@2:6 } ",
     ""},
    {"aliases", "without an anchor", "a: *x\nb: c\n", "{@1:1 a@1:1 =!@1:4 b@2:1 =c@2:4 } ",
     "1:4: alias \"*x\" stands for nothing: no anchor \"&x\" before it\n"},
    {"aliases", "of what they are in", "a: &x [b, *x]\n", "{@1:1 a@1:1 =[@1:4 b@1:8 !@1:11 ] } ",
     "1:11: alias \"*x\" stands for what it is in\n"},
    {"aliases", "of one of two", "a: &x b\nc: &x d\ne: *x\n",
     "{@1:1 a@1:1 =b@1:4 c@2:1 =d@2:4 e@3:1 =b@3:4 } ",
     "2:4: anchor \"&x\" twice; the first one is in line 1\n"},
    {"keys", "a list", "? [a]\n: b\n", NULL,
     "1:3: a key is a text, not a list or a mapping; braces in values need quotes\n"},
    {"keys", "a template", "a: {{b}}\n", NULL,
     "1:5: a key is a text, not a list or a mapping; braces in values need quotes\n"},
    {"syntax", "a tab", "a:\n\tb: c\n", NULL,
     "2:1: found character that cannot start any token while scanning for the next token from line "
     "2 on; a tab cannot indent, write spaces\n"},
    {"syntax", "an indentation", "a: b\n  c: d\n", NULL,
     "2:4: mapping values are not allowed in this context; wrongly indented, or a text with \": \" "
     "in it that needs quotes\n"},
    {"syntax", "a bracket", "a: [b\nc: d\n", NULL,
     "2:2: did not find expected ',' or ']' while parsing a flow sequence from line 1 on; a comma "
     "is missing, or the bracket is not closed\n"},
    {"syntax", "a brace", "a: {b: c\n", NULL,
     "2:1: did not find expected ',' or '}' while parsing a flow mapping from line 1 on; a comma "
     "is missing, or the brace is not closed\n"},
    {"syntax", "a quote", "a: \"b\n", NULL,
     "2:1: found unexpected end of stream while scanning a quoted scalar from line 1 on; a quote "
     "is "
     "not closed\n"},
    {"syntax", "an item in a mapping", "a: b\n- c\n", NULL,
     "2:1: did not find expected key while parsing a block mapping from line 1 on; wrongly "
     "indented?\n"},
    {"syntax", "a key without its colon", "a: b\nc\n", NULL,
     "3:1: could not find expected ':' while scanning a simple key from line 2 on; no \": \" "
     "behind "
     "a key\n"},
    {"syntax", "a reserved sign", "a: @b\n", NULL,
     "1:4: found character that cannot start any token while scanning for the next token from line "
     "1 on; a text that begins so needs quotes\n"},
    {"syntax", "a colon in a flow", "a: [::1]\n", NULL,
     "1:5: did not find expected node content while parsing a flow node from line 1 on; in "
     "brackets "
     "and braces a text that begins with \":\" needs quotes\n"},
    {"octets", "no UTF-8", "a: b\nc: \xff\n", NULL,
     "2:4: not a text in UTF-8: invalid leading UTF-8 octet\n"},
    {"octets", "a control character", "a: \x01\n", NULL,
     "1:4: not a text in UTF-8: control characters are not allowed\n"},
    {"octets", "an escaped NUL", "a: \"b\\0c\"\n", "{@1:1 a@1:1 =!@1:4 } ",
     "1:4: a text with a NUL in it\n"},
};

static void test_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_errors errors = {0};
        struct yamltree tree;
        char said[4096] = "", got[1024] = "";
        const bool whole = yamltree_read(&tree, stet_span_of(rows[i].text), &errors);
        if (whole && tree.root)
            write_node(tree.root, got, sizeof got);
        write_errors(&errors, said, sizeof said);
        if (strcmp(said, rows[i].errors) != 0 || strcmp(got, rows[i].want ? rows[i].want : ""))
            fail_msg("%s (%s): %s\n%s", rows[i].id, rows[i].name, got, said);
        check_row(&rows[i], whole || errors.count);
        yamltree_fini(&tree);
    }
}

static void test_get(void **state)
{
    struct config_errors errors = {0};
    struct yamltree tree;
    (void)state;
    assert_true(yamltree_read(&tree, STET_SPAN("a: 1\nb:\nc: ''\na: 2\n"), &errors));
    assert_string_equal(yamlnode_get(tree.root, "a")->text.at, "1");
    assert_null(yamlnode_get(tree.root, "d"));
    assert_null(yamlnode_get(yamlnode_get(tree.root, "a"), "a"));
    assert_true(yamlnode_is_nothing(yamlnode_get(tree.root, "b")));
    assert_false(yamlnode_is_nothing(yamlnode_get(tree.root, "c")));
    assert_int_equal(tree.root->count, 4);
    assert_int_equal(tree.root->weight, 5);
    yamltree_fini(&tree);
}

/* ---- bounds ---- */

static void refuse(const char *text, size_t size, const char *want)
{
    struct config_errors errors = {0};
    struct yamltree tree;
    assert_false(yamltree_read(&tree, stet_span(text, size), &errors));
    assert_int_equal(errors.count, 1);
    if (!strstr(errors.at[0].text, want))
        fail_msg("%s", errors.at[0].text);
    yamltree_fini(&tree);
}

/* Nine levels of nine aliases each would be 9^9 texts. */
static void test_laughs(void **state)
{
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    (void)state;
    for (int i = 1; i <= 9; i++) {
        size_t used = strlen(text);
        used += (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s*a%d", j ? ", " : "", i - 1);
        snprintf(text + used, sizeof text - used, "]\n");
    }
    refuse(text, strlen(text), "more than 65536 values");
}

static void test_depth(void **state)
{
    char text[80] = "";
    (void)state;
    memset(text, '[', 40);
    refuse(text, 40, "more than 32 lists and mappings in each other");
}

static void test_size(void **state)
{
    const size_t size = YAMLTREE_SIZE + 1;
    char *text = malloc(size);
    struct config_errors errors = {0};
    struct yamltree tree;
    (void)state;
    assert_non_null(text);
    memset(text, '#', size);
    refuse(text, size, "larger than 1 MiB");
    assert_true(yamltree_read(&tree, stet_span(text, size - 1), &errors));
    yamltree_fini(&tree);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 2 ? '\n' : '-';
    refuse(text, size - 1, "more than 65536 values");
    free(text);
}

static void test_anchors(void **state)
{
    char text[16384] = "";
    size_t used = 0;
    (void)state;
    for (int i = 0; i <= YAMLTREE_ANCHORS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "- &a%d b\n", i);
    refuse(text, used, "more than 1000 anchors");
}

static void test_memory(void **state)
{
    static const char text[] = "a: &x [b, {c: d}, 'e']\nf: *x\na: g\n";
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct config_errors errors = {0};
        struct yamltree tree;
        memory_fail_nth(nth);
        const bool whole = yamltree_read(&tree, stet_span_of(text), &errors);
        const uint64_t made = memory_count();
        memory_fail_nth(0);
        yamltree_fini(&tree);
        assert_int_equal(errors.count, 1);
        if (made < nth) {
            assert_true(whole);
            assert_true(nth > 1);
            break;
        }
        assert_false(whole);
        assert_string_equal(errors.at[0].text, "out of memory");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),  cmocka_unit_test(test_get),  cmocka_unit_test(test_laughs),
        cmocka_unit_test(test_depth),  cmocka_unit_test(test_size), cmocka_unit_test(test_anchors),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
