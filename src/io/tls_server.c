/* Contexts of servers: sites with their certificates, chosen by the name the client asks for.
 *
 *     client hello -> its name -> the site that has it, or "*.rest of it", or the first
 *                              -> its certificates, its demand, the key of its tickets
 *
 * Which of a site's certificates is shown GnuTLS decides by what the client can verify; they stand
 * in the order of our preference.
 *
 * The certificate of a client is verified as soon as it is shown. Whether a request is for a site
 * that has a demand which this connection has not met is for others to judge: they know what the
 * request is for, we only which name the connection was opened with.
 */
#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static int tls_name_order(const void *a, const void *b)
{
    return strcmp(((const struct tls_name *)a)->name, ((const struct tls_name *)b)->name);
}

static const struct tls_name *tls_name_find(const struct tls_context *context, char *text)
{
    const struct tls_name name = {text, 0};
    if (context->name_count == 0)
        return NULL;
    return bsearch(&name, context->names, context->name_count, sizeof name, tls_name_order);
}

/* The site of a name (of at least one octet) in lower case. `text` is written to: it may become "*"
 * with its rest. */
static uint32_t tls_server_site(const struct tls_context *context, char *text)
{
    const struct tls_name *found = tls_name_find(context, text);
    char *dot = text;

    while (!found && (dot = strchr(dot + 1, '.'))) {
        dot[-1] = '*';
        found = tls_name_find(context, dot - 1);
    }
    if (!found)
        found = tls_name_find(context, memcpy(text, "*", 2));
    return found ? found->site : 0;
}

/* ---- handshakes ---- */

/* Where tickets allow early data each is for one protocol and one cipher, since early data speaks
 * those of the session before [RFC 8446 §4.2.10]. */
static unsigned char tls_server_ticket_use(const struct tls *tls)
{
    gnutls_datum_t chosen;

    if (!tls->context->replay)
        return 0;
    if (gnutls_alpn_get_selected_protocol(tls->session, &chosen) < 0)
        chosen.size = 0;
    return (unsigned char)(1 + chosen.size * (TLS_CIPHERS + 1) + tls->prelude.cipher);
}

/* Early data is taken but where a certificate is asked for: who sends it has shown none yet, and
 * who sends it again never will. Without a guard GnuTLS refuses it. */
static void tls_server_take_early(struct tls *tls, const struct tls_place *place)
{
    const struct tls_context *context = tls->context;
    gnutls_anti_replay_t guard = NULL;

    if (place->demand == GNUTLS_CERT_IGNORE && !tls->prelude.barred)
        guard = tls_replay_guard(context->replay, tls->sock->loop);
    gnutls_anti_replay_enable(tls->session, guard);
    (void)gnutls_record_set_max_early_data_size(tls->session, context->early_size);
}

static int tls_server_use(struct tls *tls, uint32_t site)
{
    const struct tls_context *context = tls->context;
    const struct tls_place *place = &context->places[site];
    int result = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, place->credentials);

    tls->site = site;
    gnutls_certificate_server_set_request(tls->session, place->demand);
    if (result >= 0 && context->tickets) {
        struct tls_ticket_key key =
            tls_tickets_key(context->tickets, place->label, tls_server_ticket_use(tls));
        const gnutls_datum_t datum = {key.bytes, sizeof key.bytes};
        result = gnutls_session_ticket_enable_server(tls->session, &datum);
        gnutls_memset(&key, 0, sizeof key);
    }
    if (result >= 0 && context->replay)
        tls_server_take_early(tls, place);
    return result;
}

/* The name that the client asks for, in lower case and without a final dot. False: it is none. */
static bool tls_server_name(gnutls_session_t session, char to[TLS_NAME_MAX + 1])
{
    size_t size = TLS_NAME_MAX + 1;
    unsigned type;

    if (gnutls_server_name_get(session, to, &size, &type, 0) < 0 || type != GNUTLS_NAME_DNS)
        return false;
    to[size < TLS_NAME_MAX ? size : TLS_NAME_MAX] = '\0';
    size = strlen(to);
    for (size_t i = 0; i < size; i++)
        to[i] |= to[i] >= 'A' && to[i] <= 'Z' ? 0x20 : 0;
    if (size > 0 && to[size - 1] == '.')
        to[size - 1] = '\0';
    return size > 0;
}

static int tls_server_hello(gnutls_session_t session)
{
    struct tls *tls = gnutls_session_get_ptr(session);
    char name[TLS_NAME_MAX + 1];
    uint32_t site = tls->site;

    if (tls_server_name(session, name))
        site = tls_server_site(tls->context, name);
    /* where early data is taken the tickets are those of the protocol, which was chosen only now */
    return site == tls->site && tls->prelude.hellos != 1 ? 0 : tls_server_use(tls, site);
}

int tls_server_session(struct tls *tls)
{
    gnutls_handshake_set_post_client_hello_function(tls->session, tls_server_hello);
    if (tls->context->replay)
        tls_early_watch(tls);
    return tls_server_use(tls, 0);
}

/* A client's certificate. One that was asked for and not shown is not for us to refuse: GnuTLS does
 * so where it is required. */
static int tls_server_verify(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
                                     (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    unsigned status = 0, count = 0;

    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return 0;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)
        return GNUTLS_E_CERTIFICATE_ERROR;
    return 0;
}

/* ---- making ---- */

/* What two contexts must agree on for one to take the other's tickets. */
static bool tls_place_label(struct tls_place *place, const struct tls_site *site)
{
    gnutls_hash_hd_t hash;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        return false;
    for (size_t i = 0; i < site->name_count; i++)
        gnutls_hash(hash, site->names[i], strlen(site->names[i]) + 1);
    for (size_t i = 0; i < site->pair_count; i++)
        gnutls_hash(hash, site->pairs[i].certificate, strlen(site->pairs[i].certificate) + 1);
    gnutls_hash(hash, &site->demand, sizeof site->demand);
    if (site->client_ca)
        gnutls_hash(hash, site->client_ca, strlen(site->client_ca));
    gnutls_hash_deinit(hash, place->label);
    return true;
}

static bool tls_place_demand(struct tls_place *place, const struct tls_site *site,
                             char complaint[TLS_WORDS])
{
    static const gnutls_certificate_request_t demands[] = {
        [TLS_DEMAND_NOTHING] = GNUTLS_CERT_IGNORE,
        [TLS_DEMAND_OPTIONAL] = GNUTLS_CERT_REQUEST,
        [TLS_DEMAND_REQUIRED] = GNUTLS_CERT_REQUIRE,
    };

    place->demand = demands[site->demand];
    if (site->demand == TLS_DEMAND_NOTHING)
        return true;
    CHECK(site->client_ca);
    gnutls_certificate_set_verify_function(place->credentials, tls_server_verify);
    int count = gnutls_certificate_set_x509_trust_file(place->credentials, site->client_ca,
                                                       GNUTLS_X509_FMT_PEM);
    if (count > 0)
        return true;
    snprintf(complaint, TLS_WORDS, "%s: %s", site->client_ca,
             count < 0 && count != GNUTLS_E_BASE64_DECODING_ERROR ? gnutls_strerror(count)
                                                                  : "holds no certificate in PEM");
    return false;
}

static bool tls_place_init(struct tls_place *place, const struct tls_site *site,
                           char complaint[TLS_WORDS])
{
    if (gnutls_certificate_allocate_credentials(&place->credentials) < 0 ||
        !tls_place_label(place, site)) {
        snprintf(complaint, TLS_WORDS, "out of memory");
        return false;
    }
    return tls_certificate_put(place->credentials, site->pairs, site->pair_count, complaint) &&
           tls_place_demand(place, site, complaint);
}

static bool tls_server_names(struct tls_context *context, const struct tls_server *server,
                             char complaint[TLS_WORDS])
{
    size_t count = 0;

    for (size_t i = 0; i < server->site_count; i++)
        count += server->sites[i].name_count;
    context->names = tls_context_room(count + 1, sizeof *context->names, complaint);
    if (!context->names)
        return false;
    for (size_t i = 0; i < server->site_count; i++) {
        const struct tls_site *site = &server->sites[i];
        for (size_t j = 0; j < site->name_count; j++) {
            size_t size = strlen(site->names[j]) + 1;
            char *name = tls_context_room(size, 1, complaint);
            if (!name)
                return false;
            memcpy(name, site->names[j], size);
            context->names[context->name_count++] = (struct tls_name){name, (uint32_t)i};
        }
    }
    qsort(context->names, count, sizeof *context->names, tls_name_order);
    return true;
}

static bool tls_server_early(struct tls_context *context, const struct tls_server *server,
                             char complaint[TLS_WORDS])
{
    if (server->early.size == 0)
        return true;
    CHECK(context->tickets);
    context->early_size = server->early.size;
    context->replay = tls_tickets_replay(context->tickets, &server->early);
    if (!context->replay)
        snprintf(complaint, TLS_WORDS, "out of memory");
    return context->replay != NULL;
}

static bool tls_server_init(struct tls_context *context, const struct tls_server *server,
                            char complaint[TLS_WORDS])
{
    context->places = tls_context_room(server->site_count, sizeof *context->places, complaint);
    if (!context->places)
        return false;
    context->place_count = server->site_count;
    if (server->handshake_size)
        context->handshake_size = server->handshake_size;
    for (size_t i = 0; i < server->site_count; i++)
        if (!tls_place_init(&context->places[i], &server->sites[i], complaint))
            return false;
    if (server->tickets)
        context->tickets = tls_tickets_ref(server->tickets);
    return tls_server_early(context, server, complaint) &&
           tls_server_names(context, server, complaint);
}

struct tls_context *tls_context_server(const struct tls_server *server, char complaint[TLS_WORDS])
{
    struct tls_context *context =
        tls_context_new(true, server->protocols, server->minimum, complaint);

    CHECK(server->site_count > 0);
    if (context && !tls_server_init(context, server, complaint)) {
        tls_context_unref(context);
        return NULL;
    }
    return context;
}

void tls_server_fini(struct tls_context *context)
{
    for (size_t i = 0; i < context->name_count; i++)
        memory_free(context->names[i].name);
    memory_free(context->names);
    tls_tickets_unref(context->tickets);
}
