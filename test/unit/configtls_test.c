/* What a configuration file says of TLS: every key of it, and every mistake in it, with its place,
 * the file it is about, and what to do. */
#include "base/memory.h"
#include "serve/configfile.h"
#include "tls_world.h"

#include "table.h"

#include <sys/stat.h>

enum { FILES_MOST = 24, TEXT = 2048 };

/* Files by the names that rows give them. */
static struct {
    struct pki pki;
    struct pki_entry authority, ec, rsa, other;
    const char *names[FILES_MOST], *paths[FILES_MOST];
    size_t count;
} room;

static void room_name(const char *name, const char *path)
{
    assert_true(room.count < FILES_MOST);
    room.names[room.count] = name;
    room.paths[room.count++] = path;
}

static void room_write(const char *name, const void *bytes, size_t size)
{
    const char *path = pki_path(&room.pki, name);
    pki_write(path, bytes, size);
    room_name(name, path);
}

static size_t room_read(const char *path, char *to, size_t room_left)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    const size_t size = fread(to, 1, room_left, file);
    fclose(file);
    return size;
}

/* Files one behind the other. */
static void room_join(const char *name, const char *first, const char *second)
{
    char both[16384];
    size_t size = room_read(first, both, sizeof both);
    size += room_read(second, both + size, sizeof both - size);
    room_write(name, both, size);
}

static void room_spoil(void)
{
    gnutls_datum_t text;
    char whole[16384];
    const size_t size = room_read(room.ec.certificate_path, whole, sizeof whole);

    room_write("empty", "", 0);
    room_write("words", "no certificate\n", 15);
    room_write("half", whole, size / 4);
    pki_check(gnutls_x509_crt_export2(room.ec.certificate, GNUTLS_X509_FMT_DER, &text));
    room_write("der", text.data, text.size);
    gnutls_free(text.data);
    pki_check(gnutls_x509_privkey_export2_pkcs8(room.ec.key, GNUTLS_X509_FMT_PEM, "secret",
                                                GNUTLS_PKCS_PBES2_AES_128, &text));
    room_write("locked", text.data, text.size);
    gnutls_free(text.data);
    room_join("turned", room.authority.certificate_path, room.ec.certificate_path);
    room_join("all", room.ec.certificate_path, room.ec.key_path);
    room_name("directory", "/proc/self");
    room_name("nowhere", "/nowhere/x.pem");
}

static int begin(void **state)
{
    const struct pki_order ca = {.till = 4000000000}, first = order_for("a.test"),
                           other = order_for("b.test");
    struct pki_order rsa = order_for("a.test");
    (void)state;

    rsa.rsa = 2048;
    pki_open(&room.pki);
    room.authority = pki_make(&room.pki, &ca, NULL);
    room.ec = pki_make(&room.pki, &first, &room.authority);
    room.rsa = pki_make(&room.pki, &rsa, &room.authority);
    room.other = pki_make(&room.pki, &other, &room.authority);
    room_name("ca", room.authority.certificate_path);
    room_name("ec", room.ec.certificate_path);
    room_name("ec-key", room.ec.key_path);
    room_name("rsa", room.rsa.certificate_path);
    room_name("rsa-key", room.rsa.key_path);
    room_name("other", room.other.certificate_path);
    room_name("other-key", room.other.key_path);
    room_spoil();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    pki_free(&room.authority);
    pki_free(&room.ec);
    pki_free(&room.rsa);
    pki_free(&room.other);
    pki_close(&room.pki);
    return 0;
}

/* Puts "@ec" in the place of a path, so that columns and texts do not depend on where it is. */
static void fold(const char *text, char *to, bool back)
{
    while (*text) {
        size_t best = 0, len = 0;
        for (size_t i = 0; i < room.count; i++) {
            char name[32];
            snprintf(name, sizeof name, "@%s", room.names[i]);
            const char *from = back ? room.paths[i] : name;
            if (strncmp(text, from, strlen(from)) != 0 || strlen(from) <= len)
                continue;
            len = strlen(from);
            best = i;
        }
        if (len == 0)
            *to++ = *text++;
        else
            to += sprintf(to, "%s%s", back ? "@" : "", (back ? room.names : room.paths)[best]);
        text += len;
    }
    *to = '\0';
}

static struct config *read_row(const char *text, struct config_errors *errors)
{
    char file[TEXT];
    fold(text, file, false);
    memset(errors, 0, sizeof *errors);
    return config_read_text(stet_span(file, strlen(file)), "stet.yaml", errors);
}

#define TLS(rest) "tls:\n  certificate: '@ec'\n  key: '@ec-key'\n" rest "respond: 204\n"
#define PAIR(certificate, key) \
    "tls:\n  certificate: " certificate "\n  key: " key "\nrespond: 204\n"
#define SITE(rest) "sites:\n  - hosts: a.test\n    respond: 204\n    tls:\n" rest

static const struct row {
    const char *name;
    const char *text;
    const char *errors; /* "LINE:COLUMN: TEXT\n" each; "": none */
} rows[] = {
    {"for all", TLS(""), ""},
    {"for one site", SITE("      certificate: '@ec'\n      key: '@ec-key'\n"), ""},
    {"two kinds of key", PAIR("['@rsa', '@ec']", "['@rsa-key', '@ec-key']"), ""},
    {"key and certificate in one file", PAIR("'@all'", "'@all'"), ""},
    {"clients", TLS("  client-certificate: optional\n  client-ca: '@ca'\n"), ""},

    {"misspelt", TLS("  hst: 1d\n"), "4:3: unknown key \"hst\"; did you mean \"hsts\"?\n"},
    {"no key", "tls:\n  hsts: 1d\n  certificate: '@ec'\nrespond: 204\n",
     "3:3: tls: 1 certificates and 0 keys; they go together\n"},
    {"no certificate", "tls:\n  key: '@ec'\nrespond: 204\n",
     "2:3: tls: 0 certificates and 1 keys; they go together\n"
     "2:3: tls: no certificate, neither here nor for the file as a whole\n"},
    {"one key of two", PAIR("['@ec', '@rsa']", "'@ec-key'"),
     "3:3: tls: 2 certificates and 1 keys; they go together\n"},
    {"nothing", "tls:\n  hsts: 1d\nrespond: 204\n",
     "2:3: tls: no certificate, neither here nor for the file as a whole\n"},
    {"nothing for a site", SITE("      hsts: 1d\n"),
     "5:7: tls: no certificate, neither here nor for the file as a whole\n"},
    {"no certificate at all", "respond: 204\ntls-listen: '127.0.0.1:0'\n",
     "2:1: tls-listen: without certificates; give one in tls: of the file or of a site\n"},
    {"clients without an authority", TLS("  client-certificate: required\n"),
     "4:3: tls: client-certificate and client-ca go together\n"},
    {"an authority for nobody", TLS("  client-ca: '@ca'\n"),
     "4:3: tls: client-certificate and client-ca go together\n"},
    {"an address twice", "tls-listen:\n  - ':8443'\n  - ':8443'\n" TLS(""),
     "3:5: tls-listen \":8443\" twice\n"},
    {"port 0 twice", "tls-listen: ['127.0.0.1:0', '127.0.0.1:0']\n" TLS(""), ""},
    {"an address for both", "listen: ':8443'\ntls-listen: ':8443'\n" TLS(""),
     "2:13: tls-listen \":8443\": listen has it already\n"},
    {"a version of the past", "tls-minimum-version: 1.1\n" TLS(""),
     "1:22: tls-minimum-version \"1.1\": expected 1.2 or 1.3; did you mean \"1.2\"?\n"},
    {"a demand that is none", TLS("  client-certificate: require\n"),
     "4:23: client-certificate \"require\": expected off, optional or required; did you mean "
     "\"required\"?\n"},
    {"a time without a unit", TLS("  hsts: 86400\n"),
     "4:9: hsts \"86400\": expected a duration in whole seconds, such as 30s, 5m or 1d, from 0s to "
     "3650d; did you mean \"1d\"?\n"},
    {"neither yes nor no", TLS("  redirect: maybe\n"),
     "4:13: redirect \"maybe\": expected true or false\n"},

    {"no such file", PAIR("'@nowhere'", "'@ec-key'"),
     "2:16: certificate \"@nowhere\": No such file or directory\n"},
    {"no such key", PAIR("['@ec', '@rsa']", "['@nowhere', '@ec-key']"),
     "3:9: key \"@nowhere\": No such file or directory\n"},
    {"a directory", PAIR("'@ec'", "'@directory'"), "3:8: tls: @directory: Is a directory\n"},
    {"an empty file", PAIR("'@empty'", "'@ec-key'"),
     "2:16: tls: @empty: holds no certificate in PEM\n"},
    {"an empty key", PAIR("'@ec'", "'@empty'"), "3:8: tls: @empty: holds no key in PEM\n"},
    {"words", PAIR("'@words'", "'@ec-key'"), "2:16: tls: @words: holds no certificate in PEM\n"},
    {"the beginning of one", PAIR("'@half'", "'@ec-key'"),
     "2:16: tls: @half: holds no certificate in PEM\n"},
    {"DER", PAIR("'@der'", "'@ec-key'"),
     "2:16: tls: @der: is in DER: make PEM of it (openssl x509 or pkey -inform der)\n"},
    {"both the wrong way", PAIR("'@ec-key'", "'@ec'"),
     "2:16: tls: @ec-key: holds no certificate in PEM\n"},
    {"a passphrase", PAIR("'@ec'", "'@locked'"),
     "3:8: tls: @locked: the key has a passphrase, which nobody is there to type: remove it\n"},
    {"another's key", PAIR("'@ec'", "'@other-key'"),
     "3:8: tls: @other-key: the key does not belong to the certificate @ec\n"},
    {"another kind of key", PAIR("'@ec'", "'@rsa-key'"),
     "3:8: tls: @rsa-key: the key does not belong to the certificate @ec\n"},
    {"keys in another order",
     "tls:\n  certificate:\n    - '@rsa'\n    - '@ec'\n  key:\n    - '@ec-key'\n"
     "    - '@rsa-key'\nrespond: 204\n",
     "7:7: tls: @rsa-key: the key does not belong to the certificate @ec\n"},
    {"the authority first", PAIR("'@turned'", "'@ec-key'"),
     "2:16: tls: @turned: the server's own certificate comes first; the one of the key is number "
     "2\n"},
    {"no response", TLS("  ocsp: '@words'\n"),
     "4:9: tls: @words: is no OCSP response in DER for the certificate\n"},
    {"responses for none", TLS("  ocsp: ['@words', '@words']\n"),
     "4:3: tls: more ocsp than certificates\n"},
    {"clients by words", TLS("  client-certificate: required\n  client-ca: '@words'\n"),
     "5:14: tls: @words: holds no certificate in PEM\n"},
};

static void test_rows(void **state)
{
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config_errors errors;
        char told[TEXT] = "", folded[2 * TEXT];
        size_t used = 0;
        struct config *config = read_row(rows[i].text, &errors);
        for (size_t j = 0; j < errors.count; j++)
            used += (size_t)snprintf(told + used, sizeof told - used, "%u:%u: %s\n",
                                     errors.at[j].line, errors.at[j].column, errors.at[j].text);
        fold(told, folded, true);
        if (strcmp(folded, rows[i].errors) != 0) {
            print_message("%s: %s", rows[i].name, folded);
            failed++;
        }
        assert_int_equal(!config, errors.count > 0);
        config_unref(config);
    }
    assert_int_equal(failed, 0);
}

/* Each key comes to stand where it belongs. */
static void test_values(void **state)
{
    struct config_errors errors;
    struct config *config = read_row(
        "tls-listen: '127.0.0.1:0'\ntls-minimum-version: 1.3\n"
        "tls: {certificate: ['@ec', '@rsa'], key: ['@ec-key', '@rsa-key']}\n"
        "sites:\n  - hosts: a.test\n    respond: 204\n"
        "    tls: {hsts: 1d, redirect: true, client-certificate: required, client-ca: '@ca'}\n"
        "  - hosts: b.test\n    respond: 204\n"
        "    tls: {certificate: '@other', key: '@other-key', client-certificate: optional,"
        " client-ca: '@ca'}\n"
        "  - respond: 204\n",
        &errors);
    (void)state;

    assert_non_null(config);
    const struct config_tls *all = &config->secure.preset, *one = &config->sites[0].tls,
                            *two = &config->sites[1].tls, *none = &config->sites[2].tls;
    assert_int_equal(config->secure.listen_count, 1);
    assert_string_equal(config->secure.listen[0], "127.0.0.1:0");
    assert_int_equal(config->secure.minimum, TLS_1_3);
    assert_int_equal(all->certificate_count, 2);
    assert_int_equal(all->key_count, 2);
    assert_string_equal(all->certificates[1], room.rsa.certificate_path);
    assert_string_equal(all->keys[0], room.ec.key_path);
    assert_int_equal(one->certificate_count, 0);
    assert_int_equal(one->hsts, 86400);
    assert_true(one->redirect);
    assert_int_equal(one->demand, TLS_DEMAND_REQUIRED);
    assert_string_equal(one->client_ca, room.authority.certificate_path);
    assert_int_equal(two->certificate_count, 1);
    assert_int_equal(two->demand, TLS_DEMAND_OPTIONAL);
    assert_false(two->redirect);
    assert_false(none->given);
    assert_int_equal(one->number, 1);
    assert_int_equal(two->number, 2);
    config_unref(config);
}

/* Every allocation fails once: a complaint, no more. */
static void test_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct config_errors errors;
        memory_fail_nth(nth);
        struct config *config = read_row(TLS("  hsts: 1d\n"), &errors);
        const bool failed = memory_count() >= nth;
        memory_fail_nth(0);
        if (!failed) {
            assert_non_null(config);
            config_unref(config);
            return;
        }
        assert_true(config || errors.count > 0);
        config_unref(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
